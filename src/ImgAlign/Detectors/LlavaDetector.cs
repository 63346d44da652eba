using ImgAlign.Checkpoints;
using ImgAlign.Networks.Llama;
using ImgAlign.Networks.Llava;
using ImgAlign.Runtime;
using static TorchSharp.torch;

namespace ImgAlign.Detectors;

/// <summary>LLaVA-1.5 as the reader of pictures and prompts (IMG, section 3.2).</summary>
public sealed class LlavaDetector : IMisalignmentDetector, IMemoryFootprint
{
    private readonly LlavaConfig config;
    private readonly LlavaProcessor processor;
    private readonly ModelSlot<LlavaModel> network;

    /// <summary>Reads configurations and the tokenizer; weights are read on first use.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="options">Where the files are, and how LLaVA is asked.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken, or an option is not supported.</exception>
    public LlavaDetector(DeviceRuntime runtime, LlavaOptions options)
    {
        ArgumentNullException.ThrowIfNull(runtime);
        ArgumentNullException.ThrowIfNull(options);
        config = LlavaConfig.Read(options.ModelPath, options.VisionTowerPath);
        processor = new LlavaProcessor(options, config);
        var (path, tower) = (options.ModelPath, options.VisionTowerPath);
        network = new ModelSlot<LlavaModel>(runtime, Name, new LlavaModel(config, META), (target, type, device) => LlavaWeights.Bind(target, path, tower, type, device));
    }

    /// <inheritdoc/>
    public string Name => "LLaVA-1.5";

    /// <inheritdoc/>
    public int HiddenSize => config.Text.HiddenSize;

    /// <inheritdoc/>
    public void CheckQuestion(string question)
    {
        ArgumentNullException.ThrowIfNull(question);
        processor.Tokenize(question, hasImage: true);
    }

    /// <inheritdoc/>
    /// <exception cref="ImgAlignException">The question is too long for the model, or the weights cannot be read.</exception>
    public Tensor Detect(RgbImage image, string question)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(question);
        using var noGrad = no_grad();
        using var input = processor.Prepare(image, question);
        using var lease = network.Use();
        return lease.Model.call(input.Ids, input.Pixels);
    }

    /// <inheritdoc/>
    /// <exception cref="ImgAlignException">The question is too long for the model, or the weights cannot be read.</exception>
    public string Describe(RgbImage image, string question, int maxNewTokens = 128, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(question);
        using var noGrad = no_grad();
        using var input = processor.Prepare(image, question);
        using var lease = network.Use();
        using var prompt = lease.Model.Embed(input.Ids, input.Pixels);
        return processor.Decode(GreedySearch.Generate(lease.Model.LanguageModel, prompt, maxNewTokens, processor.IsComplete, cancellationToken));
    }

    /// <inheritdoc/>
    public IReadOnlyList<StageFootprint> EstimateStages(ImageSize size, int batch)
    {
        // Pictures are read one by one. Usual questions are short; an answer's keys and values are kept for all layers.
        var text = config.Text;
        long positions = config.ImageTokens + 256;
        var layer = positions * (3L * text.IntermediateSize + 8L * text.HiddenSize);
        var cache = 2L * positions * text.NumHiddenLayers * text.KeyValueHeads * text.HeadWidth;
        return [new StageFootprint(Name, network.WeightBytes, (layer + cache) * (network.Type == float32 ? 4 : 2))];
    }

    /// <summary>Frees the network.</summary>
    public void Dispose() => network.Dispose();
}
