using static TorchSharp.torch;

namespace ImgAlign.Training.Aligner;

/// <summary>What the aligner sees of one pair of pictures. The tensors belong to the caller's dispose scope.</summary>
/// <param name="HiddenStates">The detector's, on reading the non-preferred picture and the prompt, <c>[N, D]</c>.</param>
/// <param name="Preferred">The preferred picture's image-prompt features, <c>c_w</c> <c>[n, d]</c>.</param>
/// <param name="Rejected">The other one's, <c>c_l</c> <c>[n, d]</c>.</param>
public sealed record PreferenceFeatures(Tensor HiddenStates, Tensor Preferred, Tensor Rejected);
