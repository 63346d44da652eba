using ImgAlign.Runtime;
using ImgAlign.Telemetry;
using Microsoft.Extensions.Logging.Abstractions;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>Runs of a case's models by the code that users run.</summary>
internal static class PipelineRuns
{
    /// <summary>Generates, as <see cref="AlignmentPipeline.GenerateAsync"/> does.</summary>
    public static IReadOnlyList<RgbImage> Generate(this DeviceRuntime runtime, IDiffusionBackbone backbone, GenerationRequest request)
    {
        using var run = new RunRecorder(runtime, runtime.Estimate([]), NullLogger.Instance, progress: null, CancellationToken.None);
        return AlignmentPipeline.Generate(backbone, request, run).Images;
    }

    /// <summary>One round that starts from a given picture.</summary>
    public static RgbImage Align(this DeviceRuntime runtime, IDiffusionBackbone backbone, IMisalignmentDetector detector, IImplicitAligner aligner, AlignmentRequest request)
    {
        using var pipeline = new AlignmentPipeline(runtime, backbone, detector, aligner);
        return pipeline.AlignAsync(request).GetAwaiter().GetResult().Image;
    }

    /// <summary>Pictures as outputs: one by the name, several by the name and their number.</summary>
    /// <param name="images">The pictures.</param>
    /// <param name="name">The name.</param>
    /// <param name="separator">What stands before the number.</param>
    public static IEnumerable<KeyValuePair<string, torch.Tensor>> Named(this IReadOnlyList<RgbImage> images, string name, string separator) =>
        images.Select((image, i) => KeyValuePair.Create(images.Count == 1 ? name : $"{name}{separator}{i}", ImagingKinds.ToTensor(image)));
}
