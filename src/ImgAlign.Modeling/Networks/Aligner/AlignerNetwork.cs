using System.Runtime.CompilerServices;
using ImgAlign.Checkpoints;
using ImgAlign.Networks.Layers;
using ImgAlign.Networks.Perceiver;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Aligner;

/// <summary>
/// The Implicit Aligner <c>f(h, z)</c> (IMG, section 3.3): image-prompt features z <c>[B, n, d]</c> are moved towards what the prompt asks,
/// led by the detector's hidden states h <c>[B, N, D]</c>. Its last layer starts at zero, so that an untrained aligner is the identity.
/// </summary>
public sealed class AlignerNetwork : nn.Module<Tensor, Tensor, Tensor>
{
    [ComponentName(Name = "proj_in")]
    private readonly CompactLinear projectIn;

    [ComponentName(Name = "layers")]
    private readonly ModuleList<PerceiverLayer> layers;

    [ComponentName(Name = "proj_out")]
    private readonly CompactLinear projectOut;

    [ComponentName(Name = "norm_out")]
    private readonly LayerNorm normOut;

    [ComponentName(Name = "zero_linear")]
    private readonly CompactLinear zeroLinear;

    /// <summary>Creates the network; its weights are uninitialised.</summary>
    /// <param name="config">The sizes; <c>Width</c> and <c>OutputWidth</c> are both d.</param>
    /// <param name="device">Where its weights are; <see cref="META"/> until a checkpoint is bound.</param>
    /// <exception cref="ImgAlignException">The two widths differ.</exception>
    public AlignerNetwork(PerceiverConfig config, Device device)
        : base(nameof(AlignerNetwork))
    {
        if (config.Width != config.OutputWidth)
            throw new ImgAlignException(
                $"An aligner gives tokens as wide as it takes, but proj_in leads to {config.Width} and proj_out to "
                    + $"{config.OutputWidth}; is this an aligner's checkpoint?"
            );
        Config = config;
        projectIn = new CompactLinear(config.InputWidth, config.Width, hasBias: true, device);
        layers = nn.ModuleList<PerceiverLayer>([.. Enumerable.Range(0, config.Depth).Select(_ => new PerceiverLayer(config, device))]);
        projectOut = new CompactLinear(config.Width, config.Width, hasBias: true, device);
        normOut = nn.LayerNorm(config.Width, device: device);
        zeroLinear = new CompactLinear(config.Width, config.Width, hasBias: true, device);
        RegisterComponents();
    }

    /// <summary>The sizes.</summary>
    public PerceiverConfig Config { get; }

    /// <summary>Whether activations within the layers of a single pass are computed again for their gradients instead of kept: less memory,
    /// more time, in training.</summary>
    public bool RecomputesActivations { get; set; }

    /// <summary>Creates the network that a file holds, on the meta device.</summary>
    /// <param name="checkpoint">The file; no data is read.</param>
    /// <param name="headWidth">Width of an attention head, which the file does not tell.</param>
    /// <exception cref="CheckpointException">It holds no aligner.</exception>
    public static AlignerNetwork FromShapes(Checkpoint checkpoint, int headWidth = PerceiverConfig.ReleasedHeadWidth) =>
        new(ReadConfig(checkpoint, headWidth), META);

    /// <summary>The sizes of the network that a file holds.</summary>
    public static PerceiverConfig ReadConfig(Checkpoint checkpoint, int headWidth) =>
        PerceiverConfig.FromShapes(checkpoint, PerceiverConfig.FindPrefix(checkpoint), headWidth);

    /// <summary>How this network's parameters are named in a file; released ones begin with <c>module.</c>.</summary>
    /// <param name="checkpoint">The file; no data is read.</param>
    public static WeightMap Names(Checkpoint checkpoint) => WeightMap.Prefixed(PerceiverConfig.FindPrefix(checkpoint));

    /// <summary>Computes what depends on h alone, once for all passes: <c>proj_in(h)</c> and each layer's keys and values.</summary>
    /// <param name="h">The detector's hidden states <c>[B, N, D]</c>.</param>
    /// <returns>Disposed by the caller.</returns>
    public AlignerContext Prepare(Tensor h)
    {
        using var scope = NewDisposeScope();
        var x = projectIn.call(ToInput(h)); // [B, N, d]
        return new AlignerContext([.. layers.Select(layer => layer.Prepare(x).MoveToOuterDisposeScope())]);
    }

    /// <summary>One pass, <c>f(h, z)</c>.</summary>
    /// <param name="context">Made of h by <see cref="Prepare"/>.</param>
    /// <param name="z">Image-prompt features <c>[B, n, d]</c>.</param>
    /// <returns><c>[B, n, d]</c>.</returns>
    public Tensor Pass(AlignerContext context, Tensor z)
    {
        using var scope = NewDisposeScope();
        var input = ToInput(z);
        var y = input;
        foreach (var (layer, keysAndValues) in layers.Zip(context.KeysAndValues))
            y = layer.call(y, keysAndValues);
        return Move(input, y).MoveToOuterDisposeScope();
    }

    /// <summary>A single pass, <c>f(h, z)</c>.</summary>
    /// <param name="h">The detector's hidden states <c>[B, N, D]</c>.</param>
    /// <param name="z">Image-prompt features <c>[B, n, d]</c>.</param>
    /// <returns><c>[B, n, d]</c>.</returns>
    public override Tensor forward(Tensor h, Tensor z)
    {
        using var scope = NewDisposeScope();
        var context = projectIn.call(ToInput(h)); // [B, N, d]
        var input = ToInput(z);
        var y = input;
        foreach (var layer in layers)
            y = layer.Read(y, context, RecomputesActivations);
        return Move(input, y).MoveToOuterDisposeScope();
    }

    private Tensor Move(Tensor z, Tensor y) => z.Plus(zeroLinear.call(normOut.call(projectOut.call(y))));

    private Tensor ToInput(Tensor x, [CallerArgumentExpression(nameof(x))] string name = "")
    {
        TensorDevice.Require(this, zeroLinear.Weight.device, x, name);
        return x.to(zeroLinear.Weight.dtype);
    }
}
