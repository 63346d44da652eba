using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Sdxl;

/// <summary>A block on the way up; joins what the way down left at the same resolution (diffusers <c>UpBlock2D</c>, <c>CrossAttnUpBlock2D</c>).</summary>
internal sealed class UpBlock : UNetBlock
{
    [ComponentName(Name = "upsamplers")]
    private readonly ModuleList<Upsample> upsamplers;

    public UpBlock(SdxlUNetConfig config, UNetBlockPlan plan, Device device) : base(config, plan, device, nameof(UpBlock))
    {
        upsamplers = plan.Resamples ? new ModuleList<Upsample>(new Upsample(plan.OutChannels, device)) : new ModuleList<Upsample>();
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, UNetStep step)
    {
        using var scope = NewDisposeScope();
        var h = x;
        for (var i = 0; i < LayerCount; i++)
        {
            using var skip = step.Skips.Pop();
            using var joined = cat([h, skip], dim: 1);
            h = RunLayer(i, joined, step);
        }
        foreach (var upsampler in upsamplers) h = upsampler.call(h, step.Skips.Peek());
        return h.MoveToOuterDisposeScope();
    }
}

/// <summary>Repeats pixels, then a convolution (diffusers <c>Upsample2D</c>).</summary>
internal sealed class Upsample : nn.Module<Tensor, Tensor, Tensor>
{
    [ComponentName(Name = "conv")]
    private readonly Convolution2d conv;

    public Upsample(long channels, Device device) : base(nameof(Upsample))
    {
        conv = new Convolution2d(channels, channels, kernelSize: 3, device, padding: 1);
        RegisterComponents();
    }

    /// <summary>Doubles height and width, or nearly so.</summary>
    /// <param name="x"><c>[B, C, h, w]</c>.</param>
    /// <param name="target">A tensor of the height and width to reach: an odd size was halved upwards.</param>
    public override Tensor forward(Tensor x, Tensor target)
    {
        using var larger = nn.functional.interpolate(x, size: target.shape[2..], mode: InterpolationMode.Nearest);
        return conv.call(larger);
    }
}
