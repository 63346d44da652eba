using ImgAlign.Runtime;
using ImgAlign.Testing.Reference;

namespace ImgAlign.Tests.Pipeline;

/// <summary>A whole pipeline of formulas: everything but networks.</summary>
internal sealed class ColourWorld : IDisposable
{
    public ColourWorld(RuntimeOptions? options = null, long claimedStageBytes = 0, bool withScorer = true, Action<string>? hook = null)
    {
        Runtime = new DeviceRuntime(options ?? new RuntimeOptions());
        Backbone = new ColourBackbone(Runtime) { ClaimedStageBytes = claimedStageBytes };
        Detector = new ColourDetector(Runtime);
        Aligner = new ColourAligner(Runtime);
        IDiffusionBackbone backbone = hook is null ? Backbone : new HookedBackbone(Backbone, hook);
        IMisalignmentDetector detector = hook is null ? Detector : new HookedDetector(Detector, hook);
        IImplicitAligner aligner = hook is null ? Aligner : new HookedAligner(Aligner, hook);
        Pipeline = new AlignmentPipeline(
            backbone,
            detector,
            aligner,
            new AlignmentPipelineOptions { Scorers = withScorer ? [new ColourScorer(Runtime)] : [] }
        );
        Generation = new GenerationPipeline(backbone);
    }

    public DeviceRuntime Runtime { get; }

    public ColourBackbone Backbone { get; }

    public ColourDetector Detector { get; }

    public ColourAligner Aligner { get; }

    public AlignmentPipeline Pipeline { get; }

    public GenerationPipeline Generation { get; }

    public static AlignmentRequest Request { get; } = new(new AlignmentItem("a red house") { Seed = 3 });

    public void Dispose()
    {
        Pipeline.Dispose();
        Generation.Dispose();
        Runtime.Dispose();
    }
}
