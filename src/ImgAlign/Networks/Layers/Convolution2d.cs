using static TorchSharp.torch;

namespace ImgAlign.Networks.Layers;

/// <summary>
/// A convolution with a square kernel. Takes maps in any order of memory and gives them with their channels last: the layers between keep that
/// order, pixels are then tokens without a copy, and convolutions need not reorder their inputs.
/// </summary>
/// <remarks>
/// The order is not only a matter of speed. oneDNN 3.7.1, of libtorch 2.10, gives wrong numbers on some CPUs for channels-first convolutions
/// whose channels are not multiples of 16, and for 1x1 convolutions of few pixels in the channels-last order; the latter are products here.
/// </remarks>
public sealed class Convolution2d : AffineLayer
{
    private readonly long[] stride;
    private readonly long[] padding;
    private readonly bool isPointwise;

    /// <summary>Creates the layer; its weights are uninitialised.</summary>
    /// <param name="inChannels">Channels in.</param>
    /// <param name="outChannels">Channels out.</param>
    /// <param name="kernelSize">Height and width of the kernel.</param>
    /// <param name="device">Where its weights are; <see cref="TorchSharp.torch.META"/> until a checkpoint is bound.</param>
    /// <param name="stride">Pixels from one output to the next, both ways.</param>
    /// <param name="padding">Zeros on every side.</param>
    /// <param name="hasBias">Whether a bias is added.</param>
    public Convolution2d(long inChannels, long outChannels, long kernelSize, Device device, long stride = 1, long padding = 0, bool hasBias = true)
        : base(nameof(Convolution2d), [outChannels, inChannels, kernelSize, kernelSize], hasBias, device)
    {
        this.stride = [stride, stride];
        this.padding = [padding, padding];
        isPointwise = kernelSize == 1 && stride == 1 && padding == 0;
    }

    /// <summary>Convolves.</summary>
    /// <param name="x"><c>[B, C, h, w]</c>.</param>
    /// <returns><c>[B, C', h', w']</c>.</returns>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var pixels = x.permute(0, 2, 3, 1).contiguous();  // [B, h, w, C]
        var result = isPointwise
            ? LinearProduct.Apply(pixels, Weight.flatten(1), Bias).permute(0, 3, 1, 2)
            : nn.functional.conv2d(pixels.permute(0, 3, 1, 2), Weight, Bias, stride, padding);
        return result.MoveToOuterDisposeScope();
    }
}
