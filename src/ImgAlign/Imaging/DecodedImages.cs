using static TorchSharp.torch;

namespace ImgAlign.Imaging;

/// <summary>Makes a decoder's output into pictures, as diffusers' <c>VaeImageProcessor.postprocess</c>.</summary>
internal static class DecodedImages
{
    /// <summary><c>x / 2 + 1/2</c>, clamped to 0..1, times 255, rounded half to even.</summary>
    /// <param name="decoded"><c>[B, 3, H, W]</c>, about -1..1.</param>
    /// <returns>B pictures.</returns>
    public static IReadOnlyList<RgbImage> ToImages(Tensor decoded)
    {
        using var scope = NewDisposeScope();
        var levels = (decoded.to(float32) * 0.5 + 0.5).clamp_(0, 1).mul_(255).round_().to(uint8).permute(0, 2, 3, 1).cpu();  // [B, H, W, 3]
        var (height, width) = ((int)levels.shape[1], (int)levels.shape[2]);
        return [.. Enumerable.Range(0, (int)levels.shape[0]).Select(i => new RgbImage(width, height, levels[i].contiguous().data<byte>().ToArray()))];
    }
}
