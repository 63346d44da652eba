using ImgAlign.Runtime;
using ImgAlign.Testing;
using ImgAlign.Testing.Reference;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Pipeline;

public sealed class ConformanceTests : IDisposable
{
    private readonly ColourWorld world = new();

    public void Dispose() => world.Dispose();

    [Fact]
    public void The_colour_world_conforms_on_two_devices()
    {
        using var second = new DeviceRuntime(new RuntimeOptions { Threads = 1 }, "second");
        Assert.Empty(BackboneConformance.Check(world.Backbone, replica: new ColourBackbone(second)));
        Assert.Empty(AlignerConformance.Check(world.Aligner));
    }

    [Fact]
    public void A_replica_that_is_another_model_is_named()
    {
        using var second = new DeviceRuntime(new RuntimeOptions { Threads = 1 }, "second");
        var size = world.Backbone.Info.DefaultSize;
        var black = new RgbImage(size.Width, size.Height, new byte[3 * size.Width * size.Height]);
        using var other = new HookedBackbone(
            new ColourBackbone(second),
            static _ => { },
            x => [.. Enumerable.Repeat(black, (int)x.shape[0])]
        );
        Assert.Contains(
            BackboneConformance.Check(world.Backbone, replica: other),
            static problem => problem.Contains("of two devices differs", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void What_an_aligner_must_not_do_is_named()
    {
        var problems = AlignerConformance.Check(new MixingAligner(world.Runtime));
        Assert.Contains(problems, static problem => problem.Contains("of a batch are not those of its items", StringComparison.Ordinal));
        Assert.Contains(problems, static problem => problem.Contains("Three passes are not one pass", StringComparison.Ordinal));
    }

    /// <summary>Mixes the items of a batch, and takes every number of passes for one.</summary>
    private sealed class MixingAligner(DeviceRuntime runtime) : IImplicitAligner
    {
        public string Name => "mixing";

        public DeviceRuntime Runtime => runtime;

        public int DetectorWidth => 6;

        public int TokenWidth => 3;

        public Tensor Align(Tensor h, Tensor z, int passes = 3)
        {
            using var mean = z.mean([0L], keepdim: true);
            return z + mean;
        }

        public void Dispose() { }
    }
}
