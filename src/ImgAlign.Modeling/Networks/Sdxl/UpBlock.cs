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
    private readonly ModuleList<Upsampler> upsamplers;

    public UpBlock(SdxlUNetConfig config, UNetBlockPlan plan, Device device) : base(config, plan, device, nameof(UpBlock))
    {
        upsamplers = plan.Resamples ? new ModuleList<Upsampler>(new Upsampler(plan.OutChannels, device)) : new ModuleList<Upsampler>();
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
        foreach (var upsampler in upsamplers) h = upsampler.call(h, step.Skips.Peek().shape[2..]);
        return h.MoveToOuterDisposeScope();
    }
}
