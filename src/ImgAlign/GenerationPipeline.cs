using ImgAlign.Generation;
using ImgAlign.Running;
using ImgAlign.Runtime;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ImgAlign;

/// <inheritdoc cref="IGenerationPipeline"/>
public sealed class GenerationPipeline : IGenerationPipeline
{
    private const int StagesBesideSampling = 2; // encoding the prompts, and decoding

    private readonly IReadOnlyList<IDiffusionBackbone> backbones;
    private readonly string? preset;
    private readonly RunHost host;

    /// <summary>Puts a pipeline together. The models are disposed by whoever made them, after the pipeline.</summary>
    /// <param name="backbone">The diffusion model.</param>
    /// <param name="options">Further devices, and what is recorded; null: the defaults.</param>
    /// <param name="loggerFactory">Where messages go; null: nowhere.</param>
    /// <exception cref="ArgumentException">Two of the backbones are on one device, or differ.</exception>
    public GenerationPipeline(IDiffusionBackbone backbone, GenerationPipelineOptions? options = null, ILoggerFactory? loggerFactory = null)
    {
        ArgumentNullException.ThrowIfNull(backbone);
        options ??= new GenerationPipelineOptions();
        backbones = PipelineRules.Backbones(backbone, options.Replicas);
        preset = options.Preset;
        host = new RunHost(
            typeof(GenerationPipeline),
            options.RecordPrompts,
            (loggerFactory ?? NullLoggerFactory.Instance).CreateLogger<GenerationPipeline>()
        );
    }

    /// <inheritdoc/>
    public Task<GenerationResult> GenerateAsync(
        GenerationRequest request,
        IProgress<RunUpdate>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        var resolved = Resolve(request);
        return host.RunAsync(Plan(resolved), run => Generate(resolved, request, run), progress, cancellationToken);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<RunUpdate> StreamAsync(GenerationRequest request, CancellationToken cancellationToken = default)
    {
        var resolved = Resolve(request);
        return host.StreamAsync(Plan(resolved), run => Generate(resolved, request, run), cancellationToken);
    }

    /// <inheritdoc/>
    public IReadOnlyList<MemoryEstimate> EstimateMemory(GenerationRequest request) =>
        [.. RunHost.Estimate(Plan(Resolve(request))).Devices.Select(static device => device.Estimate)];

    /// <summary>Cancels this pipeline's runs and waits until they have ended, unless called from within one.</summary>
    public ValueTask DisposeAsync() => host.DisposeAsync();

    /// <summary>Cancels this pipeline's runs and waits until they have ended, unless called from within one.</summary>
    public void Dispose() => host.DisposeAsync().AsTask().GetAwaiter().GetResult();

    private ResolvedRequest Resolve(GenerationRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return RequestRules.Resolve(request with { Preset = request.Preset ?? preset }, backbones[0]);
    }

    private RunPlan Plan(ResolvedRequest request) =>
        new(
            "generate",
            backbones,
            PipelineRules.Workload(request),
            request.MaxBatchSize,
            request.Items[0].Seed,
            string.Join('\n', request.Items.Select(static item => item.Prompt)),
            [.. request.Items.SelectMany(static item => item.Warnings).Distinct()]
        );

    private GenerationResult Generate(ResolvedRequest resolved, GenerationRequest request, RunContext run)
    {
        using var generator = new ImageGenerator(backbones, resolved, run);
        run.Plan(resolved.Items.Sum(generator.CountEvaluations) + StagesBesideSampling);
        var isStart = resolved.Settings.Strength is not null;
        var prompted = resolved.Items.Where(item => !isStart && item.Image is not null).ToList();
        using var noImage =
            prompted.Count > 0 && generator.IsGuided
                ? run.Stage(RunStage.EncodeImage, backbones[0], backbones[0].ImagePrompt!.EncodeUnconditional)
                : null;
        using var features =
            prompted.Count > 0
                ? run.EncodeImages(backbones[0], backbones[0].ImagePrompt!, [.. prompted.Select(static item => item.Image!)])
                : null;
        var images = generator.Generate(
            [
                .. resolved.Items.Select(item => new Drawing(
                    item,
                    prompted.IndexOf(item) is >= 0 and var row ? row : null,
                    isStart ? item.Image : null
                )),
            ],
            features is null ? null : new ImagePromptRows(features, noImage, resolved.Settings.ImagePromptScale)
        );
        foreach (var (item, image) in images.Index())
            run.Report(new PictureReady(item, image));
        return new GenerationResult
        {
            Items =
            [
                .. request.Items.Select(
                    (item, index) =>
                        new GeneratedItem
                        {
                            Item = item with { Size = resolved.Items[index].Size },
                            PlainPrompt = resolved.Items[index].PlainPrompt,
                            Image = images[index],
                            Warnings = resolved.Items[index].Warnings,
                        }
                ),
            ],
            Settings = resolved.Settings,
            Loras = backbones[0].Info.Loras,
            Report = run.Finish(),
        };
    }
}
