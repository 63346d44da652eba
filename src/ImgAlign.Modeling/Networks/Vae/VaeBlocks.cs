using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Vae;

/// <summary>One resolution of the encoder (diffusers <c>DownEncoderBlock2D</c>).</summary>
internal sealed class DownEncoderBlock : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "resnets")]
    private readonly ModuleList<ResnetBlock> resnets;

    [ComponentName(Name = "downsamplers")]
    private readonly ModuleList<Downsampler> downsamplers;

    public DownEncoderBlock(long inChannels, long outChannels, AutoencoderKlConfig config, bool resamples, Device device) : base(nameof(DownEncoderBlock))
    {
        resnets = VaeLayers.Resnets(inChannels, outChannels, config.LayersPerBlock, config, device);
        downsamplers = nn.ModuleList<Downsampler>(resamples ? [new Downsampler(outChannels, padsAllSides: false, device)] : []);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = resnets.RunAll(input);
        foreach (var downsampler in downsamplers) x = downsampler.Consume(x);
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

    public UpDecoderBlock(long inChannels, long outChannels, AutoencoderKlConfig config, bool resamples, Device device) : base(nameof(UpDecoderBlock))
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

/// <summary>The coarsest resolution, of encoder and decoder (diffusers <c>UNetMidBlock2D</c>): residual block, self-attention, residual block.</summary>
internal sealed class VaeMidBlock : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "resnets")]
    private readonly ModuleList<ResnetBlock> resnets;

    [ComponentName(Name = "attentions")]
    private readonly ModuleList<VaeAttention> attentions;

    public VaeMidBlock(long channels, AutoencoderKlConfig config, Device device) : base(nameof(VaeMidBlock))
    {
        resnets = VaeLayers.Resnets(channels, channels, 2, config, device);
        attentions = nn.ModuleList<VaeAttention>(config.MidBlockAddAttention ? [new VaeAttention(channels, config.NormNumGroups, device)] : []);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = resnets[0].call(input, null);
        foreach (var attention in attentions) x = attention.Consume(x);
        return resnets[1].call(x, null).MoveToOuterDisposeScope();
    }
}

/// <summary>What the blocks and both halves share.</summary>
internal static class VaeLayers
{
    /// <summary>Eps of every normalisation; the UNet's are larger.</summary>
    public const double Eps = 1e-6;

    /// <summary>Residual blocks without a time embedding, the first of which changes the number of channels.</summary>
    public static ModuleList<ResnetBlock> Resnets(long inChannels, long outChannels, int count, AutoencoderKlConfig config, Device device) =>
        nn.ModuleList<ResnetBlock>([.. Enumerable.Range(0, count).Select(i =>
            new ResnetBlock(i == 0 ? inChannels : outChannels, outChannels, timeWidth: null, config.NormNumGroups, Eps, device))]);

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
