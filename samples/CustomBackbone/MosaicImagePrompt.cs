using ImgAlign;
using static TorchSharp.torch;

namespace CustomBackbone;

/// <summary>Image prompts: the mean colours of a picture's four quarters, from 0 to 1. It needs no network. "No image" is grey.</summary>
public sealed class MosaicImagePrompt(Device device) : IImagePromptEncoder
{
    /// <summary>The number of tokens, n.</summary>
    public const int Tokens = 4;

    /// <summary>The width of a token, d.</summary>
    public const int Width = 3;

    /// <inheritdoc/>
    public Tensor Encode(IReadOnlyList<RgbImage> images)
    {
        using var scope = NewDisposeScope();
        return stack(images.Select(Quarters)).to(device).MoveToOuterDisposeScope(); // [B, n, d]
    }

    /// <inheritdoc/>
    public Tensor EncodeUnconditional() => TensorMath.Full([1, Tokens, Width], 0.5, float32, device);

    private static Tensor Quarters(RgbImage image)
    {
        var pixels = TensorMath.DividedBy(tensor(image.Pixels.ToArray(), [1, image.Height, image.Width, 3]).to(float32), 255);
        return nn.functional.adaptive_avg_pool2d(pixels.permute(0, 3, 1, 2), [2, 2]).flatten(2).squeeze(0).t(); // [4, 3]
    }
}
