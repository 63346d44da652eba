using TorchSharp;

namespace ImgAlign;

/// <summary>
/// A text-to-image diffusion model with an image-prompt adapter. Methods are synchronous and run on the device's worker thread.
/// Arguments are borrowed; results belong to the caller.
/// </summary>
public interface IDiffusionBackbone : IDisposable
{
    /// <summary>Sizes and defaults.</summary>
    BackboneInfo Info { get; }

    /// <summary>The encoder of image prompts that this backbone's adapter was trained with.</summary>
    IImagePromptEncoder ImagePrompt { get; }

    /// <summary>The noise levels for a generation.</summary>
    /// <param name="steps">The number of steps, at least 1.</param>
    /// <param name="size">The size of the picture in pixels.</param>
    SigmaSchedule CreateSchedule(int steps, ImageSize size);

    /// <summary>Unit normal noise of the latents' shape, the same on every machine for the same seed.</summary>
    /// <param name="size">The size of the picture in pixels.</param>
    /// <param name="seed">The seed of a PyTorch CPU generator.</param>
    /// <param name="batch">The number of pictures, B, drawn at once.</param>
    /// <returns><c>[B, C, h, w]</c> on the device; the caller's.</returns>
    torch.Tensor CreateNoise(ImageSize size, long seed, int batch = 1);

    /// <summary>Checks that a prompt is one that this model can draw, without computing anything: the pipeline calls it before it generates a picture. Most models draw any.</summary>
    /// <param name="prompt">A prompt, or what a picture must not show.</param>
    /// <exception cref="ImgAlignException">It cannot; the message says what it can draw.</exception>
    void CheckPrompt(string prompt) { }

    /// <summary>Encodes prompts.</summary>
    /// <param name="prompts">B prompts; null stands for the family's unconditional prompt.</param>
    TextFeatures EncodeText(IReadOnlyList<string?> prompts);

    /// <summary>Prepares what all steps share.</summary>
    /// <param name="text">The prompts' features, B of them.</param>
    /// <param name="imagePrompt">Image-prompt features <c>[B, n, d]</c>, or null for none.</param>
    /// <param name="imagePromptScale">The weight of the image prompt; 0 is the same as none.</param>
    /// <param name="size">The size of the picture in pixels.</param>
    /// <param name="microConditioning">SDXL's claims about the picture's history; null where there are none.</param>
    Conditioning Condition(TextFeatures text, torch.Tensor? imagePrompt, double imagePromptScale, ImageSize size, MicroConditioning? microConditioning = null);

    /// <summary>
    /// The derivative of the sample by the noise level, dx/dsigma: epsilon for SDXL, the velocity for flow models.
    /// </summary>
    /// <param name="x">The sample <c>[B, C, h, w]</c> at noise level <c>step.Sigma</c>, float32.</param>
    /// <param name="step">Where on the schedule the sample is.</param>
    /// <param name="conditioning">Made for the same batch and size.</param>
    /// <returns><c>[B, C, h, w]</c>, float32; the caller's.</returns>
    torch.Tensor Derivative(torch.Tensor x, SigmaStep step, Conditioning conditioning);

    /// <summary>Turns final latents into pictures.</summary>
    /// <param name="x">The sample <c>[B, C, h, w]</c> at noise level 0.</param>
    /// <returns>B pictures.</returns>
    IReadOnlyList<RgbImage> Decode(torch.Tensor x);
}
