using System.Runtime.CompilerServices;
using ImgAlign.Runtime;
using ImgAlign.Telemetry;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ImgAlign;

/// <summary>
/// Implicit Multimodal Guidance (IMG, section 3): from a prompt to an image that shows what the prompt says. Safe for many callers: on a
/// device one run is computed at a time, in the order in which they asked.
/// </summary>
public sealed partial class AlignmentPipeline : IDisposable
{
    private readonly DeviceRuntime runtime;
    private readonly IDiffusionBackbone backbone;
    private readonly IMisalignmentDetector detector;
    private readonly IImplicitAligner aligner;
    private readonly CancellationTokenSource lifetime = new();

    /// <summary>Puts a pipeline together. The models stay their owner's, and must outlive the pipeline.</summary>
    /// <param name="runtime">The device that all of them run on.</param>
    /// <param name="backbone">The diffusion model.</param>
    /// <param name="detector">The multimodal language model.</param>
    /// <param name="aligner">The aligner that was trained for these two.</param>
    /// <exception cref="ImgAlignException">The aligner was trained for another backbone or detector.</exception>
    public AlignmentPipeline(DeviceRuntime runtime, IDiffusionBackbone backbone, IMisalignmentDetector detector, IImplicitAligner aligner)
    {
        ArgumentNullException.ThrowIfNull(runtime);
        ArgumentNullException.ThrowIfNull(backbone);
        ArgumentNullException.ThrowIfNull(detector);
        ArgumentNullException.ThrowIfNull(aligner);
        this.runtime = runtime;
        this.backbone = backbone;
        this.detector = detector;
        this.aligner = aligner;
        var info = backbone.Info;
        if (info.ImagePromptTokens == 0)
            throw new ImgAlignException($"{info.Name} was made without an image prompt, which an alignment works by; give it the files of its image prompt.");
        if (aligner.DetectorWidth != detector.HiddenSize)
            throw new ImgAlignException($"The aligner reads hidden states of width {aligner.DetectorWidth}, but {detector.Name} gives {detector.HiddenSize}; load the aligner that was trained with this detector.");
        if (aligner.TokenWidth != info.ImagePromptWidth)
            throw new ImgAlignException($"The aligner moves image-prompt tokens of width {aligner.TokenWidth}, but {info.Name} takes {info.ImagePromptTokens} x {info.ImagePromptWidth}; load the aligner that was trained for this backbone.");
    }

    /// <summary>What the diffusion model is.</summary>
    public BackboneInfo Backbone => backbone.Info;

    /// <summary>Judges of pictures; all are recorded, the first decides what is kept and when to stop. They stay their owner's.</summary>
    /// <exception cref="ImgAlignException">Two have the same name, by which scores are recorded.</exception>
    public IReadOnlyList<IImageScorer> Scorers
    {
        get;
        init
        {
            if (value.CountBy(scorer => scorer.Name).FirstOrDefault(count => count.Value > 1).Key is { } name)
                throw new ImgAlignException($"There are two scorers named '{name}'; scores are recorded by name, so each scorer needs its own.");
            field = value;
        }
    } = [];

    /// <summary>Where messages go; null: nowhere.</summary>
    public ILogger? Logger { get; init; }

    /// <summary>Whether prompts are written to logs and traces.</summary>
    public bool RecordPrompts { get; init; }

    /// <summary>Aligns one image.</summary>
    /// <param name="request">What to make.</param>
    /// <param name="progress">Told every stage, step and round, on the worker thread.</param>
    /// <param name="cancellationToken">Stops the run before its next step.</param>
    /// <exception cref="InvalidRequestException">A value of the request is out of its range; the message says what to change.</exception>
    /// <exception cref="ImgAlignException">The run cannot fit into memory; the message says what to change.</exception>
    public async Task<AlignmentResult> AlignAsync(AlignmentRequest request, IProgress<AlignmentUpdate>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        var resolved = RequestRules.Resolve(request, backbone.Info, Scorers.Count > 0);
        using var operation = Begin("align", backbone.Info.Name, resolved.Prompt, resolved.Seed);
        var questions = AllQuestions(resolved);
        var workload = new Workload
        {
            Size = resolved.Size!.Value,
            BranchesAtOnce = BranchesAtOnce(resolved),
            Question = questions.MaxBy(question => question.Length),
            CritiqueTokens = resolved.DescribeCritique ? resolved.CritiqueTokens : 0,
        };
        var result = await RunAsync(operation, AllModels, workload, run => Align(resolved, questions, run), progress, cancellationToken).ConfigureAwait(false);
        operation.Ends(result);
        return result;
    }

    /// <summary>
    /// Aligns one image and yields what happens: every update, and with the last one the <see cref="AlignmentUpdate.Result"/>. Leaving the
    /// loop early cancels the run.
    /// </summary>
    /// <param name="request">What to make.</param>
    /// <param name="cancellationToken">Stops the run before its next step.</param>
    /// <exception cref="ImgAlignException">As for <see cref="AlignAsync"/>.</exception>
    public async IAsyncEnumerable<AlignmentUpdate> StreamAsync(AlignmentRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var updates = new UpdateStream();
        var run = updates.CompleteWithAsync(AlignAsync(request, updates, leaving.Token));
        try
        {
            await foreach (var update in updates.ReadAllAsync().ConfigureAwait(false)) yield return update;
        }
        finally
        {
            await leaving.CancelAsync().ConfigureAwait(false);
            await run.ConfigureAwait(false);
        }
    }

    /// <summary>Generates pictures from prompts, without detector and aligner.</summary>
    /// <param name="request">What to make.</param>
    /// <param name="progress">Told every stage and step, on the worker thread.</param>
    /// <param name="cancellationToken">Stops the run before its next step.</param>
    /// <exception cref="InvalidRequestException">A value of the request is out of its range; the message says what to change.</exception>
    /// <exception cref="ImgAlignException">The run cannot fit into memory; the message says what to change.</exception>
    public async Task<GenerationResult> GenerateAsync(GenerationRequest request, IProgress<AlignmentUpdate>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        var resolved = RequestRules.Resolve(request, backbone.Info);
        using var operation = Begin("generate", backbone.Info.Name, string.Join('\n', resolved.Prompts), resolved.Seed);
        var workload = new Workload { Size = resolved.Size!.Value, Batch = resolved.Prompts.Count, BranchesAtOnce = BranchesAtOnce(resolved) };
        var result = await RunAsync(operation, [backbone], workload, run => Generate(backbone, resolved, run), progress, cancellationToken).ConfigureAwait(false);
        operation.Ends(result.Report);
        return result;
    }

    /// <summary>Has the detector say in words what is amiss with a picture.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="prompt">What it should show.</param>
    /// <param name="question">The question, in which <c>{prompt}</c> stands for the prompt; null: one is drawn by the seed.</param>
    /// <param name="seed">Draws the question.</param>
    /// <param name="maxNewTokens">The most tokens of the answer, 1 to 4096.</param>
    /// <param name="cancellationToken">Stops the answer before its next token.</param>
    /// <exception cref="ImgAlignException">An argument is out of range, or the run cannot fit into memory.</exception>
    public async Task<string> DescribeAsync(RgbImage image, string prompt, string? question = null, long seed = 0, int maxNewTokens = 128, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        RequestRules.RequireQuestion(prompt, question, seed, maxNewTokens);
        using var operation = Begin("describe", detector.Name, prompt, seed);
        var asked = Question(question, prompt, seed, 1);
        var workload = new Workload { Size = image.Size, Question = asked, CritiqueTokens = maxNewTokens };
        return await RunAsync(operation, [detector], workload, run => Describe(image, asked, maxNewTokens, run), null, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The memory that an alignment would need, with a question of usual length and without a critique, and what is there.</summary>
    /// <param name="size">The size of the picture; null: the backbone's default.</param>
    public Task<MemoryEstimate> EstimateMemoryAsync(ImageSize? size = null) =>
        runtime.Worker.RunAsync(() => EstimateMemory(AllModels, new Workload { Size = size ?? backbone.Info.DefaultSize }));

    /// <summary>Loads all networks to where the residency policy lets them wait, so that the first run need not.</summary>
    /// <param name="cancellationToken">Takes this out of the queue.</param>
    /// <exception cref="ImgAlignException">An alignment of the backbone's default size cannot fit into memory, or weights cannot be read.</exception>
    public Task WarmUpAsync(CancellationToken cancellationToken = default) => runtime.Worker.RunAsync(() =>
    {
        EstimateMemory(AllModels, new Workload { Size = backbone.Info.DefaultSize }).EnsureFits();
        runtime.Residency.WarmUp();
    }, cancellationToken);

    /// <summary>Releases all networks on this pipeline's device; the next run loads them again.</summary>
    /// <param name="cancellationToken">Takes this out of the queue.</param>
    public Task UnloadAsync(CancellationToken cancellationToken = default) => runtime.Worker.RunAsync(runtime.Residency.Unload, cancellationToken);

    /// <summary>
    /// Cancels this pipeline's runs and waits until they have ended, unless called from within one; the models stay their owner's.
    /// </summary>
    public void Dispose()
    {
        if (lifetime.IsCancellationRequested) return;
        lifetime.Cancel();
        if (!runtime.Worker.HasEnded && !runtime.Worker.IsCurrentThread) runtime.Worker.RunAsync(static () => { }).GetAwaiter().GetResult();
        lifetime.Dispose();
    }

    private IReadOnlyList<object> AllModels => [backbone, detector, aligner, .. Scorers];

    private Operation Begin(string name, string model, string prompt, long seed)
    {
        ObjectDisposedException.ThrowIf(lifetime.IsCancellationRequested, this);
        return new Operation(name, model, seed, RecordPrompts ? prompt : null, Logger ?? NullLogger.Instance);
    }

    private async Task<T> RunAsync<T>(Operation operation, IReadOnlyList<object> models, Workload workload, Func<RunRecorder, T> work, IProgress<AlignmentUpdate>? progress, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lifetime.Token);
        try
        {
            return await runtime.Worker.RunAsync(() =>
            {
                var estimate = EstimateMemory(models, workload);
                operation.Starts(estimate);
                estimate.EnsureFits();
                using var run = new RunRecorder(runtime, estimate, operation.Logger, progress, stop.Token);
                try
                {
                    return work(run);
                }
                finally
                {
                    runtime.Residency.Leave();
                }
            }, stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception) when (cancellationToken.IsCancellationRequested)
        {
            operation.Fails(exception);
            throw new OperationCanceledException(exception.Message, exception, cancellationToken);
        }
        catch (Exception exception)
        {
            operation.Fails(exception);
            throw;
        }
    }

    private MemoryEstimate EstimateMemory(IEnumerable<object> models, Workload workload) =>
        runtime.Estimate(models.OfType<IMemoryFootprint>().SelectMany(model => model.EstimateStages(workload)));
}
