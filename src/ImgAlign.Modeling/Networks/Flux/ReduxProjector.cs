using ImgAlign.Checkpoints;
using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Flux;

/// <summary>FLUX.1-Redux (diffusers <c>ReduxImageEncoder</c>): tokens of an image encoder <c>[B, N, D]</c> to text tokens <c>[B, N,
/// d]</c>.</summary>
public sealed class ReduxProjector : nn.Module<Tensor, Tensor>
{
    private const string UpName = "redux_up",
        DownName = "redux_down";

    [ComponentName(Name = UpName)]
    private readonly CompactLinear up;

    [ComponentName(Name = DownName)]
    private readonly CompactLinear down;

    /// <summary>Creates the network; its weights are uninitialised.</summary>
    /// <param name="inputs">The width of a token, D.</param>
    /// <param name="outputs">The width of a text token, d.</param>
    /// <param name="device">Where its weights are; <see cref="META"/> until a checkpoint is bound.</param>
    public ReduxProjector(long inputs, long outputs, Device device)
        : base(nameof(ReduxProjector))
    {
        up = new CompactLinear(inputs, 3 * outputs, hasBias: true, device);
        down = new CompactLinear(3 * outputs, outputs, hasBias: true, device);
        RegisterComponents();
    }

    /// <summary>The projector of a checkpoint.</summary>
    /// <exception cref="CheckpointException">There is none.</exception>
    public static CheckpointPart Find(Checkpoint file) =>
        CheckpointPart.Find(file, "FLUX.1-Redux projector", new Landmark(UpName + ".weight"));

    /// <summary>The widths D and d.</summary>
    /// <param name="part">The projector's tensors; no data is read.</param>
    /// <exception cref="CheckpointException">They are not those of a projector.</exception>
    public static (int Inputs, int Outputs) ReadSizes(Checkpoint part) =>
        part.Tensors[UpName + ".weight"].Shape is [var inner, var inputs] && inner % 3 == 0
            ? ((int)inputs, (int)inner / 3)
            : throw part.Fault(UpName + ".weight", "has not three times as many rows as a text token is wide; is this FLUX.1-Redux?");

    /// <inheritdoc/>
    public override Tensor forward(Tensor tokens)
    {
        TensorDevice.Require(this, up.Weight.device, tokens);
        using var scope = NewDisposeScope();
        return down.call(nn.functional.silu(up.call(tokens))).MoveToOuterDisposeScope();
    }
}
