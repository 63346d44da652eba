using static TorchSharp.torch;

namespace ImgAlign.Checkpoints;

/// <summary>A matrix in a form of fewer bits.</summary>
/// <param name="Elements"><c>[n, ...]</c>, of the form's type and shape.</param>
/// <param name="Factors">Float32 <c>[n, 1]</c>, what each row is to be multiplied by; null where the form has none.</param>
internal readonly record struct CompactMatrix(Tensor Elements, Tensor? Factors = null);
