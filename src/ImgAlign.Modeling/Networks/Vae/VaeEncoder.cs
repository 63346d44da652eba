using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Vae;

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

    public VaeEncoder(AutoencoderKlConfig config, Device device) : base(nameof(VaeEncoder))
    {
        var widths = config.BlockOutChannels;
        convIn = new Convolution2d(config.InChannels, widths[0], kernelSize: 3, device, padding: 1);
        downBlocks = nn.ModuleList<DownEncoderBlock>([.. widths.Select((width, i) =>
            new DownEncoderBlock(widths[Math.Max(i - 1, 0)], width, config, resamples: i < widths.Count - 1, device))]);
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
        foreach (var block in downBlocks) x = block.Consume(x);
        x = midBlock.Consume(x);
        return convOut.call(normOut.Consume(x).silu_()).MoveToOuterDisposeScope();
    }
}
