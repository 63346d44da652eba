using ImgAlign.Alignment;
using ImgAlign.Runtime;
using ImgAlign.Testing;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Alignment;

public class ImplicitAlignerTests
{
    private static readonly string Released = Path.Combine(TestData.Golden, "sdxl", "ckpts", "aligner_sdxl.pth");

    [Fact]
    public void Three_passes_are_one_pass_three_times_and_leave_nothing_behind()
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions());
        using var aligner = new ImplicitAligner(runtime, Released);
        using var h = rand(1, 9, aligner.DetectorWidth);
        using var z = rand(1, 16, aligner.TokenWidth);
        aligner.Align(h, z, 1).Dispose(); // loads the weights

        var before = LiveTensors.Count();
        using (var first = aligner.Align(h, z, 1))
        using (var second = aligner.Align(h, first, 1))
        using (var third = aligner.Align(h, second, 1))
        using (var atOnce = aligner.Align(h, z))
        {
            Assert.Equal(third.data<float>().ToArray(), atOnce.data<float>().ToArray());
            Assert.False(atOnce.requires_grad);
        }
        Assert.Equal(before, LiveTensors.Count());
    }

    [Fact]
    public void It_conforms()
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions());
        using var aligner = new ImplicitAligner(runtime, Released);
        Assert.Empty(AlignerConformance.Check(aligner));
    }

    [Fact]
    public void Features_of_other_models_are_refused()
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions());
        using var aligner = new ImplicitAligner(runtime, Released);
        using var h = rand(1, 9, aligner.DetectorWidth);
        using var z = rand(1, 16, aligner.TokenWidth);
        Assert.Contains(
            $"width {aligner.TokenWidth}",
            Assert.Throws<ArgumentException>(() => aligner.Align(h, h)).Message,
            StringComparison.Ordinal
        );
        Assert.Throws<ArgumentException>(() => aligner.Align(z, z));
        Assert.Throws<ArgumentOutOfRangeException>(() => aligner.Align(h, z, 0));
    }
}
