using ImgAlign.Checkpoints;
using ImgAlign.Networks.Qwen;
using ImgAlign.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Detectors;

/// <summary>What Qwen2.5-VL and Qwen3-VL have in common as readers of pictures and prompts, and as judges. Each needs an aligner that was
/// trained with it.</summary>
/// <typeparam name="TModel">The network.</typeparam>
public abstract class QwenVlDetector<TModel> : IMisalignmentDetector, IImageJudge, IMemoryFootprint
    where TModel : nn.Module, IQwenModel
{
    private const int UsualTextTokens = 256;

    private readonly QwenConfig config;
    private readonly QwenProcessor processor;
    private readonly ModelSlot<TModel> network;

    /// <summary>Makes a detector whose weights are read on first use; their names and shapes are compared now.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="config">The model.</param>
    /// <param name="processor">From pictures and questions to what it reads.</param>
    /// <param name="network">The network and its files.</param>
    /// <param name="storage">How it keeps the weights of its linear layers.</param>
    private protected QwenVlDetector(
        DeviceRuntime runtime,
        QwenConfig config,
        QwenProcessor processor,
        ModelSource<TModel> network,
        WeightStorage storage
    )
    {
        (Runtime, this.config, this.processor) = (runtime, config, processor);
        this.network = new(runtime, network, storage: storage);
    }

    /// <inheritdoc/>
    public abstract string Name { get; }

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
                    processor,
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
    public void CheckText(string text) => TokenizeText(text);

    /// <inheritdoc/>
    /// <exception cref="ImgAlignException">The weights cannot be read.</exception>
    public string Write(string text, int maxTokens, CancellationToken cancellationToken = default)
    {
        var ids = TokenizeText(text);
        using var lease = network.Use();
        return DecoderReading.Write(lease.Model.LanguageModel, ids, network, maxTokens, processor, cancellationToken);
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
        return [network.Footprint(numbers * workload.Batch * network.ElementBytes)];
    }

    /// <summary>Frees the network.</summary>
    public void Dispose()
    {
        network.Dispose();
        GC.SuppressFinalize(this);
    }

    private IReadOnlyList<int> TokenizeText(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        processor.RequireNoControl(text);
        return processor.Tokenize(text, []);
    }
}
