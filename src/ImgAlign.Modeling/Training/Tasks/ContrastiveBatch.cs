using ImgAlign.Networks.Clip;
using static TorchSharp.torch;

namespace ImgAlign.Training.Tasks;

/// <summary>Pictures and captions as CLIP is trained on them. The tensors belong to the caller's dispose scope.</summary>
/// <param name="Pixels">Normalised pixels <c>[B, 3, S, S]</c>.</param>
/// <param name="Ids">Token ids of the captions, <c>[B, L]</c>.</param>
public sealed record ContrastiveBatch(Tensor Pixels, Tensor Ids)
{
    /// <summary>A further loss, of what the towers make of the pictures and of their captions, a scalar; null for none.</summary>
    public Func<ClipOutput, ClipOutput, Tensor>? AuxiliaryLoss { get; init; }
}
