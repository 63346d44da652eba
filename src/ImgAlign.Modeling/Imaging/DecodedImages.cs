using static TorchSharp.torch;

namespace ImgAlign.Imaging;

/// <summary>Makes a decoder's output into pictures.</summary>
public static class DecodedImages
{
    /// <summary>Scales to 0..255 and rounds: in float32, by the very operators of the reference, so that ties fall alike.</summary>
    /// <param name="decoded"><c>[B, 3, H, W]</c>, about -1..1.</param>
    /// <param name="rounding">How colours become bytes.</param>
    /// <returns>B pictures.</returns>
    public static IReadOnlyList<RgbImage> ToImages(Tensor decoded, PixelRounding rounding = PixelRounding.Nearest)
    {
        using var scope = NewDisposeScope();
        var colours = decoded.to(float32);
        var scaled =
            rounding == PixelRounding.Nearest
                ? colours.Times(0.5).Plus(0.5).Clamp(0, 1).TimesInPlace(255).round_()
                : colours.Clamp(-1, 1).Plus(1).TimesInPlace(127.5);
        var levels = scaled.to(uint8).permute(0, 2, 3, 1).cpu(); // [B, H, W, 3]
        var (height, width) = ((int)levels.shape[1], (int)levels.shape[2]);
        return
        [
            .. Enumerable
                .Range(0, (int)levels.shape[0])
                .Select(i => new RgbImage(width, height, levels[i].contiguous().data<byte>().ToArray())),
        ];
    }
}
