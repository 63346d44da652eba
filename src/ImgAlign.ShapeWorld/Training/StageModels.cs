using ImgAlign.Runtime;
using ImgAlign.ShapeWorld.Models;
using TorchSharp;

namespace ImgAlign.ShapeWorld.Training;

/// <summary>The diffusion model as far as it is trained, by the pipeline that users call, for stages that need its pictures.</summary>
internal sealed class StageModels : IDisposable
{
    private const int BatchSize = 64;

    private readonly GenerationPipeline pipeline;

    /// <summary>Opens a world.</summary>
    /// <param name="folder">Where it is.</param>
    public StageModels(WorldFolder folder)
    {
        Runtime = new DeviceRuntime(new RuntimeOptions { Threads = torch.get_num_threads() });
        Backbone = new WorldBackbone(Runtime, folder);
        pipeline = new GenerationPipeline(Backbone);
    }

    /// <summary>Its device, with as many threads as the stage has.</summary>
    public DeviceRuntime Runtime { get; }

    /// <summary>The diffusion model.</summary>
    public WorldBackbone Backbone { get; }

    /// <summary>Generates pictures by the world's own settings.</summary>
    /// <param name="items">The pictures.</param>
    /// <param name="scale">The scale of their image prompts; null: the world's own.</param>
    /// <param name="cancellationToken">Ends it before its next step.</param>
    public IReadOnlyList<RgbImage> Generate(
        IEnumerable<GenerationItem> items,
        double? scale = null,
        CancellationToken cancellationToken = default
    )
    {
        var result = pipeline
            .GenerateAsync(
                new GenerationRequest(items) { ImagePromptScale = scale, MaxBatchSize = BatchSize },
                cancellationToken: cancellationToken
            )
            .GetAwaiter()
            .GetResult();
        return [.. result.Items.Select(static item => item.Image)];
    }

    /// <summary>One round of the method from given pictures, each round's picture kept.</summary>
    /// <param name="items">The pictures.</param>
    /// <param name="detector">Reads them.</param>
    /// <param name="aligner">Moves their features.</param>
    /// <param name="scale">The scale of image prompts.</param>
    /// <param name="passes">How often the aligner is applied.</param>
    public IReadOnlyList<RgbImage> Align(
        IEnumerable<AlignmentItem> items,
        IMisalignmentDetector detector,
        IImplicitAligner aligner,
        double scale,
        int passes
    )
    {
        using var alignment = new AlignmentPipeline(Backbone, detector, aligner);
        var result = alignment
            .AlignAsync(
                new AlignmentRequest(items)
                {
                    ImagePromptScale = scale,
                    AlignerPasses = passes,
                    MaxBatchSize = BatchSize,
                }
            )
            .GetAwaiter()
            .GetResult();
        return [.. result.Items.Select(static item => item.Image)];
    }

    public void Dispose()
    {
        pipeline.Dispose();
        Backbone.Dispose();
        Runtime.Dispose();
    }
}
