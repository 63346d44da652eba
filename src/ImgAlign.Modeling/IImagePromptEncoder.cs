using TorchSharp;

namespace ImgAlign;

/// <summary>Turns images into image-prompt features (IMG, section 1: <c>z0 = EncodeImagePrompt(I0)</c>).</summary>
public interface IImagePromptEncoder
{
    /// <summary>Encodes images.</summary>
    /// <param name="images">B images of any sizes.</param>
    /// <returns>Features <c>[B, n, d]</c> on the device; disposed by the caller.</returns>
    torch.Tensor Encode(IReadOnlyList<RgbImage> images);

    /// <summary>The features of the family's "no image", for the unconditional branch of classifier-free guidance.</summary>
    /// <returns>Features <c>[1, n, d]</c> on the device; disposed by the caller. Null where the unconditional branch has
    /// no image prompt at all, so that the branches are computed apart.</returns>
    torch.Tensor? EncodeUnconditional();
}
