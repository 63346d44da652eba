using static TorchSharp.torch;

namespace ImgAlign.Networks.Layers;

/// <summary>Feature maps <c>[B, C, h, w]</c> of convolutional networks.</summary>
internal static class FeatureMap
{
    /// <summary>
    /// The same map stored with its channels last. Convolutions and normalisations keep that order, pixels are then tokens without a copy, and
    /// convolutions need no reordering. It also avoids an error of oneDNN 3.7.1 (libtorch 2.10): with the usual order, 3x3 convolutions of two
    /// or more float32 maps whose channels are not a multiple of 16 give wrong numbers on some CPUs.
    /// </summary>
    /// <param name="map"><c>[B, C, h, w]</c> in any order.</param>
    public static Tensor ChannelsLast(Tensor map)
    {
        using var rows = map.permute(0, 2, 3, 1);
        using var ordered = rows.contiguous();
        return ordered.permute(0, 3, 1, 2);
    }
}
