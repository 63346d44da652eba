using ImgAlign.Checkpoints;
using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Vae;

/// <summary>The halves of an autoencoder.</summary>
[Flags]
public enum AutoencoderParts
{
    /// <summary>From pictures to latents.</summary>
    Encoder = 1,

    /// <summary>From latents to pictures.</summary>
    Decoder = 2,

    /// <summary>Both.</summary>
    Both = Encoder | Decoder,
}

/// <summary>
/// The autoencoder between pictures <c>[B, 3, H, W]</c> in -1..1 and latents <c>[B, C, h, w]</c> (diffusers <c>AutoencoderKL</c>).
/// Latents here are its own: scale and shift of the configuration are the caller's matter.
/// </summary>
public sealed class AutoencoderKl : nn.Module
{
    [ComponentName(Name = "encoder")]
    private readonly VaeEncoder? encoder;

    [ComponentName(Name = "quant_conv")]
    private readonly Convolution2d? quantConv;

    [ComponentName(Name = "post_quant_conv")]
    private readonly Convolution2d? postQuantConv;

    [ComponentName(Name = "decoder")]
    private readonly VaeDecoder? decoder;

    /// <summary>Creates the network; its weights are uninitialised.</summary>
    /// <param name="config">The sizes.</param>
    /// <param name="device">Where its weights are; <see cref="META"/> until a checkpoint is bound.</param>
    /// <param name="parts">Which halves to build.</param>
    public AutoencoderKl(AutoencoderKlConfig config, Device device, AutoencoderParts parts = AutoencoderParts.Both) : base(nameof(AutoencoderKl))
    {
        Config = config;
        if (parts.HasFlag(AutoencoderParts.Encoder))
        {
            encoder = new VaeEncoder(config, device);
            if (config.UseQuantConv) quantConv = new Convolution2d(2 * config.LatentChannels, 2 * config.LatentChannels, kernelSize: 1, device);
        }
        if (parts.HasFlag(AutoencoderParts.Decoder))
        {
            if (config.UsePostQuantConv) postQuantConv = new Convolution2d(config.LatentChannels, config.LatentChannels, kernelSize: 1, device);
            decoder = new VaeDecoder(config, device);
        }
        RegisterComponents();
    }

    /// <summary>The sizes.</summary>
    public AutoencoderKlConfig Config { get; }

    /// <summary>How this network's parameters are named in a published file.</summary>
    /// <param name="checkpoint">The file; the authors' names (<c>ae.safetensors</c>) and those of diffusers before 0.18 (<c>proj_attn</c>) are recognised.</param>
    public WeightMap Names(Checkpoint checkpoint)
    {
        if (checkpoint.Tensors.Keys.Any(static name => name.Contains(".mid.block_1.", StringComparison.Ordinal)))
            return new WeightMap(name => AutoencoderNames.Original(name, Config.BlockOutChannels.Count), IsUnused);
        var isOld = checkpoint.Tensors.Keys.Any(name => name.EndsWith(".proj_attn.weight", StringComparison.Ordinal));
        return new WeightMap(name => new WeightSource.Whole(isOld ? OldName(name) : name), IsUnused);
    }

    /// <summary>Turns latents into pictures.</summary>
    /// <param name="latents"><c>[B, C, h, w]</c>, not scaled.</param>
    /// <returns><c>[B, 3, H, W]</c>, about -1..1, not clamped.</returns>
    /// <exception cref="InvalidOperationException">It was built without the decoder.</exception>
    public Tensor Decode(Tensor latents)
    {
        if (decoder is null) throw new InvalidOperationException("This autoencoder was built without its decoder.");
        TensorDevice.Require(this, decoder.Device, latents);
        if (postQuantConv is null) return decoder.call(latents);
        using var input = postQuantConv.call(latents);
        return decoder.call(input);
    }

    /// <summary>Turns pictures into the normal distributions of their latents.</summary>
    /// <param name="pictures"><c>[B, 3, H, W]</c> in -1..1.</param>
    /// <returns>Mean, which is also the mode, and logarithm of the variance, clamped to -30..20; each <c>[B, C, h, w]</c>, not scaled.</returns>
    /// <exception cref="InvalidOperationException">It was built without the encoder.</exception>
    public (Tensor Mean, Tensor LogVariance) Encode(Tensor pictures)
    {
        if (encoder is null) throw new InvalidOperationException("This autoencoder was built without its encoder.");
        TensorDevice.Require(this, encoder.Device, pictures);
        using var scope = NewDisposeScope();
        var moments = encoder.call(pictures);  // [B, 2 C, h, w]
        if (quantConv is not null) moments = quantConv.call(moments);
        var halves = moments.chunk(2, 1);
        return (halves[0].contiguous().MoveToOuterDisposeScope(), halves[1].Clamp(-30, 20).MoveToOuterDisposeScope());
    }

    // What belongs to a half that is not built.
    private bool IsUnused(string name) =>
        (encoder is null && (name.StartsWith("encoder.", StringComparison.Ordinal) || name.StartsWith("quant_conv.", StringComparison.Ordinal)))
        || (decoder is null && (name.StartsWith("decoder.", StringComparison.Ordinal) || name.StartsWith("post_quant_conv.", StringComparison.Ordinal)));

    private static string OldName(string name) => name
        .Replace(".to_q.", ".query.", StringComparison.Ordinal).Replace(".to_k.", ".key.", StringComparison.Ordinal)
        .Replace(".to_v.", ".value.", StringComparison.Ordinal).Replace(".to_out.0.", ".proj_attn.", StringComparison.Ordinal);
}
