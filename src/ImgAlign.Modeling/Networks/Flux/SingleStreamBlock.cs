using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using Linear = ImgAlign.Networks.Layers.Linear;

namespace ImgAlign.Networks.Flux;

/// <summary>
/// A block for text and image alike, with attention and feed-forward side by side and one projection behind both (diffusers
/// <c>FluxSingleTransformerBlock</c>).
/// </summary>
internal sealed class SingleStreamBlock : nn.Module<Tensor, FluxStep, Tensor>
{
    [ComponentName(Name = "norm")]
    private readonly FluxModulation modulation;

    [ComponentName(Name = "attn")]
    private readonly FluxAttention attention;

    [ComponentName(Name = "proj_mlp")]
    private readonly Linear widen;

    [ComponentName(Name = "proj_out")]
    private readonly Linear output;

    /// <summary>Creates the block; its weights are uninitialised.</summary>
    /// <param name="config">The sizes.</param>
    /// <param name="device">Where its weights are.</param>
    public SingleStreamBlock(FluxConfig config, Device device) : base(nameof(SingleStreamBlock))
    {
        modulation = new FluxModulation(config.Width, 1, device);
        attention = new FluxAttention(config, isDouble: false, device);
        widen = new Linear(config.Width, config.MlpWidth, hasBias: true, device);
        output = new Linear(config.Width + config.MlpWidth, config.Width, hasBias: true, device);
        RegisterComponents();
    }

    /// <summary>Runs the block.</summary>
    /// <param name="x">Text tokens, then image tokens, <c>[B, L + N, w]</c>.</param>
    /// <param name="step">What the blocks share.</param>
    /// <returns>The same shape.</returns>
    public override Tensor forward(Tensor x, FluxStep step)
    {
        using var scope = NewDisposeScope();
        var around = modulation.Of(step)[0];
        var normalized = around.Enter(x);
        var attended = attention.Project(normalized).Attend(step.Conditioning.Rotations);
        var hidden = widen.call(normalized).gelu_(GELU.Approximate.tanh);
        return around.Leave(x, output.call(cat([attended, hidden], -1))).MoveToOuterDisposeScope();
    }
}
