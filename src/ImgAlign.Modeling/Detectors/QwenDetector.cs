using ImgAlign.Networks.Qwen;
using ImgAlign.Runtime;
using static TorchSharp.torch;

namespace ImgAlign.Detectors;

/// <summary>Qwen2.5-VL as the reader of pictures and prompts: the second detector of IMG's ablations. It needs an aligner that was trained
/// with it.</summary>
public sealed class QwenDetector : IMisalignmentDetector, IImageJudge, IMemoryFootprint
{
    private const int UsualTextTokens = 256;

    private readonly QwenConfig config;
    private readonly QwenProcessor processor;
    private readonly ModelSlot<QwenModel> network;

    /// <summary>Reads configurations and the tokenizer, and compares names and shapes of the weights; weights are read on first
    /// use.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="options">Where the files are, and how Qwen2.5-VL is asked.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken, files do not belong together, or an option is not
    /// supported.</exception>
    public QwenDetector(DeviceRuntime runtime, QwenOptions options)
    {
        ArgumentNullException.ThrowIfNull(runtime);
        ArgumentNullException.ThrowIfNull(options);
        Runtime = runtime;
        config = QwenConfig.Read(options.ModelPath);
        processor = new QwenProcessor(config, options.ModelPath, options.System, options.MaxPixels);
        var path = options.ModelPath;
        var source = new ModelSource<QwenModel>(
            Name,
            () => new QwenModel(config, META),
            (model, weights) => QwenWeights.Open(model, path, weights)
        );
        network = new(runtime, source, storage: options.Storage);
    }

    /// <inheritdoc/>
    public string Name => "Qwen2.5-VL";

    /// <inheritdoc/>
    public DeviceRuntime Runtime { get; }

    /// <inheritdoc/>
    public int HiddenSize => config.Text.HiddenSize;

    /// <inheritdoc/>
    public void CheckQuestion(string question)
    {
        ArgumentNullException.ThrowIfNull(question);
        processor.Tokenize(question, [processor.MaxCells]);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A question is too long for the model, or a picture too narrow.</exception>
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
            return DecoderReading.ReadTogether(model.Run(together.Ids, together.Images), lengths, network);
        }
        return DecoderReading.ReadOneByOne(
            inputs,
            input =>
            {
                using var alone = processor.Prepare([input.Image], input.Question, Runtime.Device);
                return DecoderReading.Read(
                    model.LanguageModel,
                    cache => model.Run(alone.Ids, alone.Images, cache),
                    network,
                    critiqueTokens,
                    processor.IsComplete,
                    processor.Decode,
                    cancellationToken
                );
            }
        );
    }

    /// <inheritdoc/>
    /// <remarks>t2v_metrics 3.1: the probability of the answer's first token, after the published repetition penalty.</remarks>
    public VqaTemplate VqaScore => QwenPrompt.VqaScore;

    /// <inheritdoc/>
    public void CheckQuestion(JudgeQuestion question) => processor.TokenizeAnswer(question, processor.MaxCells);

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
        var cells = processor.CountCells(image.Size);
        var prompts = questions.Select(question => processor.TokenizeAnswer(question, cells)).ToList();
        using var lease = network.Use();
        var model = lease.Model;
        using var scope = NewDisposeScope();
        using var patches = processor.Preprocess(image, Runtime.Device);
        return AnswerReading.Judge(
            model.LanguageModel,
            prompts,
            (ids, cache) => model.Run(DecoderReading.ToRow(ids), patches, cache),
            network,
            config.RepetitionPenalty,
            cancellationToken
        );
    }

    /// <inheritdoc/>
    public void CheckText(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        processor.RequireNoControl(text);
        processor.Tokenize(text, []);
    }

    /// <inheritdoc/>
    /// <exception cref="ImgAlignException">The weights cannot be read.</exception>
    public string Write(string text, int maxTokens, CancellationToken cancellationToken = default)
    {
        CheckText(text);
        using var input = processor.Prepare([], text, Runtime.Device);
        using var lease = network.Use();
        var model = lease.Model;
        using var answer = DecoderReading.Read(
            model.LanguageModel,
            cache => model.Run(input.Ids, null, cache),
            network,
            maxTokens,
            processor.IsComplete,
            processor.Decode,
            cancellationToken
        );
        return answer.Critique!;
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidRequestException">The question is too long for the model, or pictures of that size are too
    /// narrow.</exception>
    public IReadOnlyList<StageFootprint> EstimateStages(Workload workload)
    {
        ArgumentNullException.ThrowIfNull(workload);
        // First the tower reads, then the language model.
        var cells = processor.CountCells(workload.Size);
        var positions = workload.Question is { } question ? processor.Tokenize(question, [cells]).Count : cells + UsualTextTokens;
        var numbers = Math.Max(
            config.Vision.CountActivations((long)cells * config.Vision.CellPatches),
            config.Text.CountActivations(positions, Math.Max(workload.CritiqueTokens, workload.Judges ? UsualTextTokens : 0))
        );
        return [network.Footprint(numbers * workload.Batch * (network.Type == float32 ? 4 : 2))];
    }

    /// <summary>Frees the network.</summary>
    public void Dispose() => network.Dispose();
}
