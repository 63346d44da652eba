using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Vae;

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

    public VaeDecoder(AutoencoderKlConfig config, Device device) : base(nameof(VaeDecoder))
    {
        int[] widths = [.. config.BlockOutChannels.Reverse()];
        convIn = new Convolution2d(config.LatentChannels, widths[0], kernelSize: 3, device, padding: 1);
        midBlock = new VaeMidBlock(widths[0], config, device);
        upBlocks = nn.ModuleList<UpDecoderBlock>([.. widths.Select((width, i) =>
            new UpDecoderBlock(widths[Math.Max(i - 1, 0)], width, config, resamples: i < widths.Length - 1, device))]);
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
        foreach (var block in upBlocks) x = block.Consume(x);
        return convOut.call(normOut.Consume(x).silu_()).MoveToOuterDisposeScope();
    }
}
