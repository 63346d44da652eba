using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Layers;

/// <summary>Repeats pixels, then a convolution (diffusers <c>Upsample2D</c>).</summary>
internal sealed class Upsampler : nn.Module<Tensor, long[], Tensor>
{
    [ComponentName(Name = "conv")]
    private readonly Convolution2d conv;

    /// <summary>Creates the layer; its weights are uninitialised.</summary>
    /// <param name="channels">Channels in and out.</param>
    /// <param name="device">Where its weights are.</param>
    public Upsampler(long channels, Device device)
        : base(nameof(Upsampler))
    {
        conv = new Convolution2d(channels, channels, kernelSize: 3, device, padding: 1);
        RegisterComponents();
    }

    /// <summary>Doubles height and width, or nearly so.</summary>
    /// <param name="x"><c>[B, C, h, w]</c>.</param>
    /// <param name="size">The height and width to reach: an odd size was halved upwards.</param>
    public override Tensor forward(Tensor x, long[] size)
    {
        using var larger = nn.functional.interpolate(x, size: size, mode: InterpolationMode.Nearest);
        return conv.call(larger);
    }
}
