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
    private readonly ModuleList<Downsample> downsamplers;

    public DownBlock(SdxlUNetConfig config, UNetBlockPlan plan, Device device) : base(config, plan, device, nameof(DownBlock))
    {
        downsamplers = plan.Resamples ? new ModuleList<Downsample>(new Downsample(plan.OutChannels, device)) : new ModuleList<Downsample>();
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

/// <summary>Halves height and width by a convolution (diffusers <c>Downsample2D</c>).</summary>
internal sealed class Downsample : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "conv")]
    private readonly Convolution2d conv;

    public Downsample(long channels, Device device) : base(nameof(Downsample))
    {
        conv = new Convolution2d(channels, channels, kernelSize: 3, device, stride: 2, padding: 1);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => conv.call(x);
}
