using ImgAlign.Runtime;
using TorchSharp;

namespace ImgAlign.ShapeWorld.Training;

/// <summary>Stands in an aligner's place and leaves the picture's own features as they are (the ablation "no guidance" of IMG, table
/// 4).</summary>
internal sealed class UnalignedFeatures(DeviceRuntime runtime, int detectorWidth, int tokenWidth) : IImplicitAligner
{
    public string Name => "no aligner";

    public DeviceRuntime Runtime => runtime;

    public int DetectorWidth => detectorWidth;

    public int TokenWidth => tokenWidth;

    public torch.Tensor Align(torch.Tensor h, torch.Tensor z, int passes = 3) => z.alias();

    public void Dispose() { }
}
