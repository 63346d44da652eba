using ImgAlign.Checkpoints;
using ImgAlign.Networks.Layers;
using ImgAlign.Networks.Perceiver;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Sdxl;

/// <summary>
/// The image prompt's projection (IP-Adapter Plus <c>Resampler</c>): hidden states of the image encoder <c>[B, N, D]</c> to a fixed number
/// of tokens <c>[B, n, d]</c>.
/// </summary>
public sealed class Resampler : nn.Module<Tensor, Tensor>, IParameterHolder
{
    [ComponentName(Name = "latents")]
    private Parameter latents;

    [ComponentName(Name = "proj_in")]
    private readonly CompactLinear projectIn;

    [ComponentName(Name = "layers")]
    private readonly ModuleList<PerceiverLayer> layers;

    [ComponentName(Name = "proj_out")]
    private readonly CompactLinear projectOut;

    [ComponentName(Name = "norm_out")]
    private readonly LayerNorm normOut;

    /// <summary>Creates the network; its weights are uninitialised.</summary>
    /// <param name="config">The sizes.</param>
    /// <param name="tokens">The number of tokens that come out, n.</param>
    /// <param name="device">Where its weights are; <see cref="META"/> until a checkpoint is bound.</param>
    public Resampler(PerceiverConfig config, int tokens, Device device)
        : base(nameof(Resampler))
    {
        Config = config;
        Tokens = tokens;
        latents = new Parameter(empty([1, tokens, config.Width], device: device), requires_grad: false);
        projectIn = new CompactLinear(config.InputWidth, config.Width, hasBias: true, device);
        layers = nn.ModuleList<PerceiverLayer>([.. Enumerable.Range(0, config.Depth).Select(_ => new PerceiverLayer(config, device))]);
        projectOut = new CompactLinear(config.Width, config.OutputWidth, hasBias: true, device);
        normOut = nn.LayerNorm(config.OutputWidth, device: device);
        RegisterComponents();
    }

    /// <summary>The sizes.</summary>
    public PerceiverConfig Config { get; }

    /// <summary>The number of tokens that come out, n.</summary>
    public int Tokens { get; }

    /// <summary>Creates the network that a file holds (<c>resampler.pth</c>, or the <c>image_proj</c> part of an IP-Adapter file), on the
    /// meta device.</summary>
    /// <param name="checkpoint">The file; no data is read.</param>
    /// <exception cref="CheckpointException">It holds no resampler.</exception>
    public static Resampler FromShapes(Checkpoint checkpoint)
    {
        var (config, tokens) = ReadSizes(checkpoint);
        return new Resampler(config, tokens, META);
    }

    /// <summary>The sizes of the network that a file holds.</summary>
    public static (PerceiverConfig Config, int Tokens) ReadSizes(Checkpoint checkpoint)
    {
        var prefix = PerceiverConfig.FindPrefix(checkpoint);
        if (!checkpoint.Tensors.TryGetValue(prefix + "latents", out var info) || info.Shape is not [1, var tokens, _])
            throw new CheckpointException(
                checkpoint.Source,
                "is missing or not of shape [1, tokens, width]; is this a resampler's file?",
                prefix + "latents"
            );
        return (PerceiverConfig.FromShapes(checkpoint, prefix), (int)tokens);
    }

    /// <summary>How this network's parameters are named in a file.</summary>
    /// <param name="checkpoint">The file; no data is read.</param>
    public static WeightMap Names(Checkpoint checkpoint) => WeightMap.Prefixed(PerceiverConfig.FindPrefix(checkpoint));

    /// <inheritdoc/>
    public override Tensor forward(Tensor hiddenStates)
    {
        TensorDevice.Require(this, latents.device, hiddenStates);
        using var scope = NewDisposeScope();
        var context = projectIn.call(hiddenStates.to(latents.dtype)); // [B, N, w]
        var y = latents.expand(hiddenStates.shape[0], -1, -1); // [B, n, w]
        foreach (var layer in layers)
            y = layer.Read(y, context);
        return normOut.call(projectOut.call(y)).MoveToOuterDisposeScope();
    }

    void IParameterHolder.Assign(string name, Parameter value)
    {
        latents.Dispose();
        latents = value;
        ConditionallyRegisterParameter(name, value);
    }
}
