using static TorchSharp.torch;

namespace ImgAlign.Training.Data;

/// <summary>A pair as a <see cref="FeatureShard"/> has it.</summary>
/// <param name="Caption">The prompt.</param>
/// <param name="Preferred">The image-prompt features of the preferred picture, <c>[n, d]</c>.</param>
/// <param name="Rejected">Those of the other one, <c>[n, d]</c>.</param>
/// <param name="Picture">The file of the other one, for the detector; null where its hidden states are kept.</param>
/// <param name="HiddenStates">The detector's, <c>[N, D]</c>; null where they are not kept.</param>
internal sealed record PairFeatures(string Caption, Tensor Preferred, Tensor Rejected, byte[]? Picture, Tensor? HiddenStates);
