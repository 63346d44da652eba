using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Sdxl;

/// <summary>The block at the coarsest resolution (diffusers <c>UNetMidBlock2DCrossAttn</c>, <c>UNetMidBlock2D</c>).</summary>
internal sealed class MidBlock : UNetBlock
{
    public MidBlock(SdxlUNetConfig config, UNetBlockPlan plan, Device device) : base(config, plan, device, nameof(MidBlock)) => RegisterComponents();

    public override Tensor forward(Tensor x, UNetStep step)
    {
        using var scope = NewDisposeScope();
        var h = x;
        for (var i = 0; i < LayerCount; i++) h = RunLayer(i, h, step);
        return h.MoveToOuterDisposeScope();
    }
}
