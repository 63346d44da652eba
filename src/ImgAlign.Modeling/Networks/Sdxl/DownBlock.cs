using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Sdxl;

/// <summary>A block on the way down; leaves the result of every layer for the way up (diffusers <c>DownBlock2D</c>, <c>CrossAttnDownBlock2D</c>).</summary>
internal sealed class DownBlock : UNetBlock
{
    [ComponentName(Name = "downsamplers")]
    private readonly ModuleList<Downsampler> downsamplers;

    public DownBlock(SdxlUNetConfig config, UNetBlockPlan plan, Device device) : base(config, plan, device, nameof(DownBlock))
    {
        downsamplers = plan.Resamples ? new ModuleList<Downsampler>(new Downsampler(plan.OutChannels, padsAllSides: true, device)) : new ModuleList<Downsampler>();
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, UNetStep step)
    {
        var h = x;
        for (var i = 0; i < LayerCount; i++) step.Skips.Push(h = RunLayer(i, h, step));
        foreach (var downsampler in downsamplers) step.Skips.Push(h = downsampler.call(h));
        return h;  // owned by the step, like all that is left for the way up
    }
}
