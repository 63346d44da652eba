using ImgAlign.Imaging;
using static TorchSharp.torch;

namespace ImgAlign.ShapeWorld.Training;

/// <summary>Pictures of one size as a batch, in the ranges that networks take.</summary>
internal static class PictureTensors
{
    private static readonly ClipImageProcessor Clip = ClipImageProcessor.ForSize(Scenes.SceneRenderer.Size);

    /// <summary>For the autoencoder: <c>[B, 3, H, W]</c> in -1..1.</summary>
    public static Tensor ForAutoencoder(IReadOnlyList<RgbImage> images)
    {
        using var scope = NewDisposeScope();
        return Stack(images).Times(2.0 / 255).Minus(1).MoveToOuterDisposeScope();
    }

    /// <summary>For CLIP towers of the pictures' own size, where preprocessing only normalises: <c>[B, 3, H, W]</c>.</summary>
    public static Tensor ForClip(IReadOnlyList<RgbImage> images)
    {
        using var scope = NewDisposeScope();
        var mean = tensor(Clip.Mean.Select(static value => (float)value).ToArray()).view(1, 3, 1, 1);
        var deviation = tensor(Clip.StandardDeviation.Select(static value => (float)value).ToArray()).view(1, 3, 1, 1);
        return ((Stack(images).Times(Clip.RescaleFactor) - mean) / deviation).MoveToOuterDisposeScope();
    }

    private static Tensor Stack(IReadOnlyList<RgbImage> images)
    {
        var (width, height) = (images[0].Width, images[0].Height);
        var bytes = new byte[images.Count * 3 * width * height];
        foreach (var (index, image) in images.Index())
            image.Pixels.CopyTo(bytes.AsSpan(index * image.Pixels.Length));
        return tensor(bytes, [images.Count, height, width, 3]).permute(0, 3, 1, 2).to(float32).contiguous();
    }
}
