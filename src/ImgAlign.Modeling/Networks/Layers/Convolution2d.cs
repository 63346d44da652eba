using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Layers;

/// <summary>
/// A convolution with a square kernel. Takes maps in any order of memory and gives them with their channels last: the layers between keep
/// that order, pixels are then tokens without a copy, and convolutions need not reorder their inputs.
/// </summary>
/// <remarks>
/// The order is not only a matter of speed. oneDNN 3.7.1, of libtorch 2.10, gives wrong numbers on some CPUs for channels-first
/// convolutions whose channels are not multiples of 16, and for 1x1 convolutions of few pixels in the channels-last order; the latter are
/// products here.
/// </remarks>
public sealed class Convolution2d : AffineLayer
{
    private readonly long outChannels;
    private readonly long kernelSize;
    private readonly long stride;
    private readonly long padding;

    /// <summary>Creates the layer; its weights are uninitialised.</summary>
    /// <param name="inChannels">Channels in.</param>
    /// <param name="outChannels">Channels out.</param>
    /// <param name="kernelSize">Height and width of the kernel.</param>
    /// <param name="device">Where its weights are; <see cref="TorchSharp.torch.META"/> until a checkpoint is bound.</param>
    /// <param name="stride">Pixels from one output to the next, both ways.</param>
    /// <param name="padding">Zeros on every side.</param>
    /// <param name="hasBias">Whether a bias is added.</param>
    public Convolution2d(
        long inChannels,
        long outChannels,
        long kernelSize,
        Device device,
        long stride = 1,
        long padding = 0,
        bool hasBias = true
    )
        : base(nameof(Convolution2d), [outChannels, inChannels, kernelSize, kernelSize], hasBias, device)
    {
        this.outChannels = outChannels;
        this.kernelSize = kernelSize;
        this.stride = stride;
        this.padding = padding;
    }

    private bool IsPointwise => kernelSize == 1 && stride == 1 && padding == 0;

    /// <summary>Convolves.</summary>
    /// <param name="x"><c>[B, C, h, w]</c>.</param>
    /// <returns><c>[B, C', h', w']</c>.</returns>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var result =
            IsPointwise ? Pixelwise(x)
            : IsMostlyWeight(x) ? AsProduct(x)
            : Direct(x);
        return result.MoveToOuterDisposeScope();
    }

    private Tensor Direct(Tensor x)
    {
        var map = x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);
        return nn.functional.conv2d(map, Weight, Bias, [stride, stride], [padding, padding]);
    }

    private Tensor Pixelwise(Tensor x)
    {
        var pixels = x.permute(0, 2, 3, 1).contiguous(); // [B, h, w, C]
        return LinearProduct.Apply(pixels, Weight.flatten(1), Bias).permute(0, 3, 1, 2);
    }

    // oneDNN reorders the whole weight in every call. With many channels and few pixels that is most of the time, and a copy of the pixels
    // is the smaller one.
    private bool IsMostlyWeight(Tensor x) =>
        x.device.type == DeviceType.CPU && 2 * x.shape[0] * Outputs(x.shape[2]) * Outputs(x.shape[3]) <= outChannels;

    // One product of the weight, as it is in memory, with the neighbourhoods of all pixels.
    private Tensor AsProduct(Tensor x)
    {
        var (height, width) = (Outputs(x.shape[2]), Outputs(x.shape[3]));
        // [C, B, h + 2 padding, w + 2 padding]
        var planes = nn.functional.pad(x.transpose(0, 1), [padding, padding, padding, padding]).contiguous();
        var (channel, item, row, column) = (planes.stride(0), planes.stride(1), planes.stride(2), planes.stride(3));
        var neighbourhoods = planes
            .as_strided(
                [x.shape[1], kernelSize, kernelSize, x.shape[0], height, width],
                [channel, row, column, item, row * stride, column * stride]
            )
            .reshape(x.shape[1] * kernelSize * kernelSize, -1); // [C k k, B h' w']
        return LinearProduct
            .Apply(neighbourhoods.t(), Weight.flatten(1), Bias)
            .view(x.shape[0], height, width, outChannels)
            .permute(0, 3, 1, 2);
    }

    private long Outputs(long inputs) => (inputs + 2 * padding - kernelSize) / stride + 1;
}
