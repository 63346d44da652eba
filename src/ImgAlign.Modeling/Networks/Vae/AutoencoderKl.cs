using ImgAlign.Checkpoints;
using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Vae;

/// <summary>
/// The autoencoder between pictures <c>[B, 3, H, W]</c> in -1..1 and latents <c>[B, C, h, w]</c> (diffusers <c>AutoencoderKL</c>).
/// Latents here are its own: scale and shift of the configuration are the caller's matter.
/// </summary>
public sealed class AutoencoderKl : Autoencoder
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
    public AutoencoderKl(AutoencoderKlConfig config, Device device, AutoencoderParts parts = AutoencoderParts.Both)
        : base(nameof(AutoencoderKl))
    {
        Config = config;
        if (parts.HasFlag(AutoencoderParts.Encoder))
        {
            encoder = new VaeEncoder(config, device);
            if (config.UseQuantConv)
                quantConv = new Convolution2d(2 * config.LatentChannels, 2 * config.LatentChannels, kernelSize: 1, device);
        }
        if (parts.HasFlag(AutoencoderParts.Decoder))
        {
            if (config.UsePostQuantConv)
                postQuantConv = new Convolution2d(config.LatentChannels, config.LatentChannels, kernelSize: 1, device);
            decoder = new VaeDecoder(config, device);
        }
        RegisterComponents();
    }

    /// <summary>The sizes.</summary>
    public AutoencoderKlConfig Config { get; }

    /// <summary>How this network's parameters are named in a published file.</summary>
    /// <param name="checkpoint">The file; the authors' names (<c>ae.safetensors</c>) and those of diffusers before 0.18 (<c>proj_attn</c>)
    /// are recognised.</param>
    public override WeightMap Names(Checkpoint checkpoint)
    {
        if (checkpoint.Tensors.Keys.Any(static name => name.Contains(".mid.block_1.", StringComparison.Ordinal)))
            return new WeightMap(name => AutoencoderNames.Original(name, Config.BlockOutChannels.Count), IsUnused);
        var isOld = checkpoint.Tensors.Keys.Any(name => name.EndsWith(".proj_attn.weight", StringComparison.Ordinal));
        return new WeightMap(name => new WeightSource.Whole(isOld ? OldName(name) : name), IsUnused);
    }

    /// <inheritdoc/>
    public override Tensor Decode(Tensor latents)
    {
        if (decoder is null)
            throw new InvalidOperationException("This autoencoder was built without its decoder.");
        TensorDevice.Require(this, decoder.Device, latents);
        if (postQuantConv is null)
            return decoder.call(latents);
        using var input = postQuantConv.call(latents);
        return decoder.call(input);
    }

    /// <summary>Turns pictures into the normal distributions of their latents.</summary>
    /// <param name="pictures"><c>[B, 3, H, W]</c> in -1..1.</param>
    /// <returns>Mean, which is also the mode, and logarithm of the variance, clamped to -30..20; each <c>[B, C, h, w]</c>, not
    /// scaled.</returns>
    /// <exception cref="InvalidOperationException">It was built without the encoder.</exception>
    public (Tensor Mean, Tensor LogVariance) Encode(Tensor pictures)
    {
        using var moments = EncodeMoments(pictures);
        return Split(moments);
    }

    /// <summary>Turns pictures into mean and logarithm of the variance, not clamped, one behind the other.</summary>
    /// <inheritdoc/>
    public override Tensor EncodeMoments(Tensor pictures)
    {
        if (encoder is null)
            throw new InvalidOperationException("This autoencoder was built without its encoder.");
        TensorDevice.Require(this, encoder.Device, pictures);
        var moments = encoder.call(pictures); // [B, 2 C, h, w]
        return quantConv is null ? moments : quantConv.Consume(moments);
    }

    /// <summary>Takes moments apart.</summary>
    /// <param name="moments"><c>[B, 2 C, h, w]</c>.</param>
    /// <returns>Mean, which is also the mode, and logarithm of the variance, clamped to -30..20; each <c>[B, C, h, w]</c>.</returns>
    public static (Tensor Mean, Tensor LogVariance) Split(Tensor moments)
    {
        using var scope = NewDisposeScope();
        var halves = moments.chunk(2, 1);
        return (halves[0].contiguous().MoveToOuterDisposeScope(), halves[1].Clamp(-30, 20).MoveToOuterDisposeScope());
    }

    // What belongs to a half that is not built.
    private bool IsUnused(string name) =>
        (
            encoder is null
            && (name.StartsWith("encoder.", StringComparison.Ordinal) || name.StartsWith("quant_conv.", StringComparison.Ordinal))
        )
        || (
            decoder is null
            && (name.StartsWith("decoder.", StringComparison.Ordinal) || name.StartsWith("post_quant_conv.", StringComparison.Ordinal))
        );

    private static string OldName(string name) =>
        name.Replace(".to_q.", ".query.", StringComparison.Ordinal)
            .Replace(".to_k.", ".key.", StringComparison.Ordinal)
            .Replace(".to_v.", ".value.", StringComparison.Ordinal)
            .Replace(".to_out.0.", ".proj_attn.", StringComparison.Ordinal);
}

/// <summary>Pictures <c>[B, 3, H, W]</c> to mean and log variance <c>[B, 2 C, h, w]</c> (diffusers <c>Encoder</c>).</summary>
internal sealed class VaeEncoder : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "conv_in")]
    private readonly Convolution2d convIn;

    [ComponentName(Name = "down_blocks")]
    private readonly ModuleList<DownEncoderBlock> downBlocks;

    [ComponentName(Name = "mid_block")]
    private readonly VaeMidBlock midBlock;

    [ComponentName(Name = "conv_norm_out")]
    private readonly GroupNorm normOut;

    [ComponentName(Name = "conv_out")]
    private readonly Convolution2d convOut;

    public VaeEncoder(AutoencoderKlConfig config, Device device)
        : base(nameof(VaeEncoder))
    {
        var widths = config.BlockOutChannels;
        convIn = new Convolution2d(config.InChannels, widths[0], kernelSize: 3, device, padding: 1);
        downBlocks = nn.ModuleList<DownEncoderBlock>([
            .. widths.Select(
                (width, i) => new DownEncoderBlock(widths[Math.Max(i - 1, 0)], width, config, resamples: i < widths.Count - 1, device)
            ),
        ]);
        midBlock = new VaeMidBlock(widths[^1], config, device);
        normOut = nn.GroupNorm(config.NormNumGroups, widths[^1], VaeLayers.Eps, device: device);
        convOut = new Convolution2d(widths[^1], 2 * config.LatentChannels, kernelSize: 3, device, padding: 1);
        RegisterComponents();
    }

    /// <summary>Where its weights are.</summary>
    public Device Device => convIn.Weight.device;

    public override Tensor forward(Tensor pictures)
    {
        using var scope = NewDisposeScope();
        var x = convIn.call(pictures);
        foreach (var block in downBlocks)
            x = block.Consume(x);
        x = midBlock.Consume(x);
        return convOut.call(normOut.Consume(x).silu_()).MoveToOuterDisposeScope();
    }
}

/// <summary>Latents <c>[B, C, h, w]</c> to pictures <c>[B, 3, H, W]</c> (diffusers <c>Decoder</c>).</summary>
internal sealed class VaeDecoder : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "conv_in")]
    private readonly Convolution2d convIn;

    [ComponentName(Name = "mid_block")]
    private readonly VaeMidBlock midBlock;

    [ComponentName(Name = "up_blocks")]
    private readonly ModuleList<UpDecoderBlock> upBlocks;

    [ComponentName(Name = "conv_norm_out")]
    private readonly GroupNorm normOut;

    [ComponentName(Name = "conv_out")]
    private readonly Convolution2d convOut;

    public VaeDecoder(AutoencoderKlConfig config, Device device)
        : base(nameof(VaeDecoder))
    {
        int[] widths = [.. config.BlockOutChannels.Reverse()];
        convIn = new Convolution2d(config.LatentChannels, widths[0], kernelSize: 3, device, padding: 1);
        midBlock = new VaeMidBlock(widths[0], config, device);
        upBlocks = nn.ModuleList<UpDecoderBlock>([
            .. widths.Select(
                (width, i) => new UpDecoderBlock(widths[Math.Max(i - 1, 0)], width, config, resamples: i < widths.Length - 1, device)
            ),
        ]);
        normOut = nn.GroupNorm(config.NormNumGroups, widths[^1], VaeLayers.Eps, device: device);
        convOut = new Convolution2d(widths[^1], config.OutChannels, kernelSize: 3, device, padding: 1);
        RegisterComponents();
    }

    /// <summary>Where its weights are.</summary>
    public Device Device => convIn.Weight.device;

    public override Tensor forward(Tensor latents)
    {
        using var scope = NewDisposeScope();
        var x = midBlock.Consume(convIn.call(latents));
        foreach (var block in upBlocks)
            x = block.Consume(x);
        return convOut.call(normOut.Consume(x).silu_()).MoveToOuterDisposeScope();
    }
}

/// <summary>One resolution of the encoder (diffusers <c>DownEncoderBlock2D</c>).</summary>
internal sealed class DownEncoderBlock : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "resnets")]
    private readonly ModuleList<ResnetBlock> resnets;

    [ComponentName(Name = "downsamplers")]
    private readonly ModuleList<Downsampler> downsamplers;

    public DownEncoderBlock(long inChannels, long outChannels, AutoencoderKlConfig config, bool resamples, Device device)
        : base(nameof(DownEncoderBlock))
    {
        resnets = VaeLayers.Resnets(inChannels, outChannels, config.LayersPerBlock, config, device);
        downsamplers = nn.ModuleList<Downsampler>(resamples ? [new Downsampler(outChannels, padsAllSides: false, device)] : []);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = resnets.RunAll(input);
        foreach (var downsampler in downsamplers)
            x = downsampler.Consume(x);
        return x.MoveToOuterDisposeScope();
    }
}

/// <summary>One resolution of the decoder (diffusers <c>UpDecoderBlock2D</c>).</summary>
internal sealed class UpDecoderBlock : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "resnets")]
    private readonly ModuleList<ResnetBlock> resnets;

    [ComponentName(Name = "upsamplers")]
    private readonly ModuleList<Upsampler> upsamplers;

    public UpDecoderBlock(long inChannels, long outChannels, AutoencoderKlConfig config, bool resamples, Device device)
        : base(nameof(UpDecoderBlock))
    {
        resnets = VaeLayers.Resnets(inChannels, outChannels, config.LayersPerBlock + 1, config, device);
        upsamplers = nn.ModuleList<Upsampler>(resamples ? [new Upsampler(outChannels, device)] : []);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = resnets.RunAll(input);
        foreach (var upsampler in upsamplers)
        {
            using var smaller = x;
            x = upsampler.call(smaller, [2 * smaller.shape[2], 2 * smaller.shape[3]]);
        }
        return x.MoveToOuterDisposeScope();
    }
}

/// <summary>The coarsest resolution, of encoder and decoder (diffusers <c>UNetMidBlock2D</c>): residual block, self-attention, residual
/// block.</summary>
internal sealed class VaeMidBlock : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "resnets")]
    private readonly ModuleList<ResnetBlock> resnets;

    [ComponentName(Name = "attentions")]
    private readonly ModuleList<VaeAttention> attentions;

    public VaeMidBlock(long channels, AutoencoderKlConfig config, Device device)
        : base(nameof(VaeMidBlock))
    {
        resnets = VaeLayers.Resnets(channels, channels, 2, config, device);
        attentions = nn.ModuleList<VaeAttention>(
            config.MidBlockAddAttention ? [new VaeAttention(channels, config.NormNumGroups, device)] : []
        );
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = resnets[0].call(input, null);
        foreach (var attention in attentions)
            x = attention.Consume(x);
        return resnets[1].call(x, null).MoveToOuterDisposeScope();
    }
}

/// <summary>What the blocks and both halves share.</summary>
internal static class VaeLayers
{
    /// <summary>Eps of every normalisation; the UNet's are larger.</summary>
    public const double Eps = 1e-6;

    /// <summary>Residual blocks without a time embedding, the first of which changes the number of channels.</summary>
    public static ModuleList<ResnetBlock> Resnets(
        long inChannels,
        long outChannels,
        int count,
        AutoencoderKlConfig config,
        Device device
    ) =>
        nn.ModuleList<ResnetBlock>([
            .. Enumerable
                .Range(0, count)
                .Select(i => new ResnetBlock(
                    i == 0 ? inChannels : outChannels,
                    outChannels,
                    timeWidth: null,
                    config.NormNumGroups,
                    Eps,
                    device
                )),
        ]);

    /// <summary>Runs residual blocks one after the other.</summary>
    public static Tensor RunAll(this ModuleList<ResnetBlock> resnets, Tensor input)
    {
        var x = input.alias();
        foreach (var resnet in resnets)
        {
            using var previous = x;
            x = resnet.call(previous, null);
        }
        return x;
    }
}

/// <summary>Self-attention over all places of a feature map, with one head of full width (diffusers <c>Attention</c> in a VAE).</summary>
internal sealed class VaeAttention : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "group_norm")]
    private readonly GroupNorm norm;

    [ComponentName(Name = "to_q")]
    private readonly CompactLinear query;

    [ComponentName(Name = "to_k")]
    private readonly CompactLinear key;

    [ComponentName(Name = "to_v")]
    private readonly CompactLinear value;

    [ComponentName(Name = "to_out")]
    private readonly ModuleList<CompactLinear> output;

    public VaeAttention(long channels, long groups, Device device)
        : base(nameof(VaeAttention))
    {
        norm = nn.GroupNorm(groups, channels, VaeLayers.Eps, device: device);
        query = new CompactLinear(channels, channels, hasBias: true, device);
        key = new CompactLinear(channels, channels, hasBias: true, device);
        value = new CompactLinear(channels, channels, hasBias: true, device);
        output = nn.ModuleList(new CompactLinear(channels, channels, hasBias: true, device));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var pixels = norm.call(x).permute(0, 2, 3, 1);
        var tokens = pixels.flatten(1, 2); // [B, h w, C]
        var attended = Attention.Attend(query.call(tokens), key.call(tokens), value.call(tokens), heads: 1);
        var change = output[0].call(attended).view(pixels.shape).permute(0, 3, 1, 2); // [B, C, h, w]
        return change.PlusInPlace(x).MoveToOuterDisposeScope();
    }
}
