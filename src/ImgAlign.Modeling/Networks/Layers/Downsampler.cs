using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Layers;

/// <summary>Halves height and width by a convolution (diffusers <c>Downsample2D</c>).</summary>
internal sealed class Downsampler : nn.Module<Tensor, Tensor>
{
    private readonly bool padsAllSides;

    [ComponentName(Name = "conv")]
    private readonly Convolution2d conv;

    /// <summary>Creates the layer; its weights are uninitialised.</summary>
    /// <param name="channels">Channels in and out.</param>
    /// <param name="padsAllSides">Whether zeros are added on all sides, as in the UNet, or on the right and at the bottom only, as in the
    /// VAE.</param>
    /// <param name="device">Where its weights are.</param>
    public Downsampler(long channels, bool padsAllSides, Device device)
        : base(nameof(Downsampler))
    {
        this.padsAllSides = padsAllSides;
        conv = new Convolution2d(channels, channels, kernelSize: 3, device, stride: 2, padding: padsAllSides ? 1 : 0);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        if (padsAllSides)
            return conv.call(x);
        using var padded = nn.functional.pad(x, [0, 1, 0, 1]);
        return conv.call(padded);
    }
}
