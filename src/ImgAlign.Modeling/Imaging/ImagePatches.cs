using static TorchSharp.torch;

namespace ImgAlign.Imaging;

/// <summary>Images as Qwen2.5-VL reads them: rows of pixels, one row a patch, image after image. Owns its tensor.</summary>
/// <param name="Values"> <c>[patches, channels * frames * side * side]</c>. Within an image, the patches of one merged cell (2 x 2) follow
/// each other, and cells go row by row.
/// </param>
/// <param name="Grids">The patches of each image; even numbers both ways.</param>
public sealed record ImagePatches(Tensor Values, IReadOnlyList<PatchGrid> Grids) : IDisposable
{
    /// <summary>The same on a device.</summary>
    /// <param name="device">Where to.</param>
    internal ImagePatches To(Device device) => this with { Values = Values.to(device) };

    /// <summary>Frees the tensor.</summary>
    public void Dispose() => Values.Dispose();
}
