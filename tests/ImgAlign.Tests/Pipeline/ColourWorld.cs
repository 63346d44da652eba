using ImgAlign.Runtime;
using ImgAlign.Testing.Reference;

namespace ImgAlign.Tests.Pipeline;

/// <summary>A whole pipeline of formulas: everything but networks.</summary>
internal sealed class ColourWorld : IDisposable
{
    public ColourWorld(RuntimeOptions? options = null, ColourBackbone? backbone = null, bool withScorer = true)
    {
        Runtime = new DeviceRuntime(options ?? new RuntimeOptions());
        Pipeline = new AlignmentPipeline(Runtime, backbone ?? new ColourBackbone(), new ColourDetector(), new ColourAligner()) { Scorers = withScorer ? [new ColourScorer()] : [] };
    }

    public DeviceRuntime Runtime { get; }

    public AlignmentPipeline Pipeline { get; }

    public static AlignmentRequest Request { get; } = new() { Prompt = "a red house", Seed = 3 };

    public void Dispose()
    {
        Pipeline.Dispose();
        Runtime.Dispose();
    }
}
