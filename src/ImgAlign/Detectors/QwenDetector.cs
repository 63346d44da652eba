using ImgAlign.Networks.Qwen;
using ImgAlign.Runtime;
using static TorchSharp.torch;

namespace ImgAlign.Detectors;

/// <summary>Qwen2.5-VL as the reader of pictures and prompts: the second detector of IMG's ablations. It needs an aligner that was trained with it.</summary>
public sealed class QwenDetector : IMisalignmentDetector, IMemoryFootprint
{
    private const int UsualTextTokens = 256;

    private readonly QwenConfig config;
    private readonly QwenProcessor processor;
    private readonly ModelSlot<QwenModel> network;

    /// <summary>Reads configurations and the tokenizer, and compares names and shapes of the weights; weights are read on first use.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="options">Where the files are, and how Qwen2.5-VL is asked.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken, files do not belong together, or an option is not supported.</exception>
    public QwenDetector(DeviceRuntime runtime, QwenOptions options)
    {
        ArgumentNullException.ThrowIfNull(runtime);
        ArgumentNullException.ThrowIfNull(options);
        config = QwenConfig.Read(options.ModelPath);
        processor = new QwenProcessor(options, config);
        var path = options.ModelPath;
        var source = new ModelSource<QwenModel>(Name, () => new QwenModel(config, META), (model, weights) => QwenWeights.Open(model, path, weights));
        network = new(runtime, source, storage: options.Storage);
    }

    /// <inheritdoc/>
    public string Name => "Qwen2.5-VL";

    /// <inheritdoc/>
    public int HiddenSize => config.Text.HiddenSize;

    /// <inheritdoc/>
    public void CheckQuestion(string question)
    {
        ArgumentNullException.ThrowIfNull(question);
        processor.Tokenize(question, [processor.MaxCells]);
    }

    /// <inheritdoc/>
    /// <exception cref="ImgAlignException">The question is too long for the model, the picture is too narrow, or the weights cannot be read.</exception>
    public Detection Detect(RgbImage image, string question, int critiqueTokens = 0, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(question);
        using var input = processor.Prepare([image], question);
        using var lease = network.Use();
        return DecoderReading.Read(
            lease.Model.LanguageModel, cache => lease.Model.Run(input.Ids, input.Images, cache), network,
            critiqueTokens, processor.IsComplete, processor.Decode, cancellationToken);
    }

    /// <inheritdoc/>
    /// <exception cref="ImgAlignException">The question is too long for the model, or pictures of that size are too narrow.</exception>
    public IReadOnlyList<StageFootprint> EstimateStages(Workload workload)
    {
        ArgumentNullException.ThrowIfNull(workload);
        // Pictures are read one by one: first by the tower, then by the language model.
        var cells = processor.CountCells(workload.Size);
        var positions = workload.Question is { } question ? processor.Tokenize(question, [cells]).Count : cells + UsualTextTokens;
        var numbers = Math.Max(config.Vision.CountActivations((long)cells * config.Vision.CellPatches), config.Text.CountActivations(positions, workload.CritiqueTokens));
        return [network.Footprint(numbers * (network.Type == float32 ? 4 : 2))];
    }

    /// <summary>Frees the network.</summary>
    public void Dispose() => network.Dispose();
}
