using ImgAlign.Checkpoints;
using ImgAlign.Networks.Llava;
using ImgAlign.Runtime;
using static TorchSharp.torch;

namespace ImgAlign.Detectors;

/// <summary>LLaVA-1.5 as the reader of pictures and prompts (IMG, section 3.2), and as judge.</summary>
public sealed class LlavaDetector : IMisalignmentDetector, IImageJudge, IMemoryFootprint
{
    private const int UsualTextTokens = 256;

    private readonly LlavaConfig config;
    private readonly LlavaProcessor processor;
    private readonly LlavaProcessor judging;
    private readonly ModelSlot<LlavaModel> network;

    /// <summary>Reads configurations and the tokenizer; weights are read on first use.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="options">Where the files are, and how LLaVA is asked.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken, or an option is not supported.</exception>
    public LlavaDetector(DeviceRuntime runtime, LlavaOptions options)
    {
        ArgumentNullException.ThrowIfNull(runtime);
        ArgumentNullException.ThrowIfNull(options);
        Runtime = runtime;
        config = LlavaConfig.Read(options.ModelPath, options.VisionTowerPath);
        processor = new LlavaProcessor(config, options.ModelPath, options.VisionTowerPath, options.Template, options.ImageAspectRatio);
        judging = processor.WithTemplate(options.JudgeTemplate);
        var (path, tower) = (options.ModelPath, options.VisionTowerPath);
        var source = new ModelSource<LlavaModel>(
            Name,
            () => new LlavaModel(config, META),
            (target, weights) => LlavaWeights.Open(target, path, tower, weights)
        );
        network = new(runtime, source, storage: options.Storage);
    }

    /// <inheritdoc/>
    public string Name => "LLaVA-1.5";

    /// <inheritdoc/>
    public DeviceRuntime Runtime { get; }

    /// <inheritdoc/>
    public int HiddenSize => config.Text.HiddenSize;

    /// <inheritdoc/>
    public void CheckQuestion(string question)
    {
        ArgumentNullException.ThrowIfNull(question);
        processor.Tokenize(question, hasImage: true);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A question is too long for the model.</exception>
    /// <exception cref="ImgAlignException">The weights cannot be read.</exception>
    public IReadOnlyList<Detection> Detect(
        IReadOnlyList<DetectionInput> inputs,
        int critiqueTokens = 0,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(inputs);
        using var lease = network.Use();
        var model = lease.Model;
        if (critiqueTokens == 0)
        {
            using var together = processor.Prepare(inputs, Runtime.Device, out var lengths);
            return DecoderReading.ReadTogether(model.Run(together.Ids, together.Pixels), lengths, network);
        }
        return DecoderReading.ReadOneByOne(
            inputs,
            input =>
            {
                using var alone = processor.Prepare(input.Image, input.Question, Runtime.Device);
                return DecoderReading.Read(
                    model.LanguageModel,
                    cache => model.Run(alone.Ids, alone.Pixels, cache),
                    network,
                    critiqueTokens,
                    processor,
                    cancellationToken
                );
            }
        );
    }

    /// <inheritdoc/>
    /// <remarks>t2v_metrics 3.0: the geometric mean over the answer's tokens and the end token.</remarks>
    public VqaTemplate VqaScore { get; } = new("Does this figure show \"{}\"? Please answer yes or no.", "Yes", AnswerTokens.All);

    /// <inheritdoc/>
    public void CheckQuestion(JudgeQuestion question) => judging.TokenizeAnswer(question);

    /// <inheritdoc/>
    /// <exception cref="ImgAlignException">The weights cannot be read.</exception>
    public IReadOnlyList<double> Judge(
        RgbImage image,
        IReadOnlyList<JudgeQuestion> questions,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(questions);
        var prompts = questions.Select(judging.TokenizeAnswer).ToList();
        using var lease = network.Use();
        var model = lease.Model;
        using var scope = NewDisposeScope();
        var pixels = judging.Preprocess(image).to(Runtime.Device);
        return AnswerReading.Judge(
            model.LanguageModel,
            prompts,
            (ids, cache) => model.Run(DecoderReading.ToRow(ids), pixels, cache),
            network,
            modelPenalty: 1,
            cancellationToken
        );
    }

    /// <inheritdoc/>
    public void CheckText(string text) => TokenizeText(text);

    /// <inheritdoc/>
    /// <exception cref="ImgAlignException">The weights cannot be read.</exception>
    public string Write(string text, int maxTokens, CancellationToken cancellationToken = default)
    {
        var ids = TokenizeText(text);
        using var lease = network.Use();
        return DecoderReading.Write(lease.Model.LanguageModel, ids, network, maxTokens, judging, cancellationToken);
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidRequestException">The question is too long for the model.</exception>
    public IReadOnlyList<StageFootprint> EstimateStages(Workload workload)
    {
        ArgumentNullException.ThrowIfNull(workload);
        var text = workload.Question is { } question ? processor.Tokenize(question, hasImage: true).Count : UsualTextTokens;
        var judged = workload.Judges ? UsualTextTokens : 0; // what is remembered of the picture, and a question's end
        var numbers = config.Text.CountActivations(config.ImageTokens + text, Math.Max(workload.CritiqueTokens, judged));
        return [network.Footprint(numbers * workload.Batch * network.ElementBytes)];
    }

    /// <summary>Frees the network.</summary>
    public void Dispose() => network.Dispose();

    private IReadOnlyList<int> TokenizeText(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        judging.RequireNoControl(text);
        return judging.Tokenize(text, hasImage: false);
    }
}
