using static TorchSharp.torch;

namespace ImgAlign.Training.Tasks;

/// <summary>Pictures and captions as a diffusion network is trained on them. The tensors belong to the caller's dispose scope.</summary>
/// <param name="Latents">Scaled latents of the pictures, <c>[B, C, h, w]</c>.</param>
/// <param name="Text">Features of the captions, <c>[B, L, d]</c>.</param>
/// <param name="PooledText"><c>[B, p]</c>.</param>
/// <param name="TimeIds">Original height and width, crop, and target size, in pixels, <c>[B, 6]</c>.</param>
/// <param name="Image">Hidden states of the image prompt's encoder, <c>[B, N, D]</c>; null where no image prompt is trained.</param>
/// <param name="NoImage">The same of the family's "no image", <c>[1, N, D]</c>.</param>
public sealed record DiffusionBatch(
    Tensor Latents,
    Tensor Text,
    Tensor PooledText,
    Tensor TimeIds,
    Tensor? Image = null,
    Tensor? NoImage = null
)
{
    /// <summary>A further loss, of the image prompt's tokens of all pictures, <c>[B, n, d]</c>, a scalar; null for none.</summary>
    public Func<Tensor, Tensor>? AuxiliaryLoss { get; init; }
}
