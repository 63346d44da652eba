using static TorchSharp.torch;

namespace ImgAlign.Training.Preference;

/// <summary>What <see cref="PreferenceObjective.Compute"/> makes of a batch. The tensors belong to the caller's dispose scope.</summary>
/// <param name="Total">L, a scalar, to be derived.</param>
/// <param name="Base"><c>L_base</c>, a scalar.</param>
/// <param name="Preference"><c>L_pref</c>, a scalar; zero weight in <paramref name="Total"/> where only the base term is trained.</param>
/// <param name="Margin">a, with its factor beta, <c>[B]</c>: how much more than the reference the aligner prefers what is
/// preferred.</param>
/// <param name="Error"><c>ms(c_w - f)</c> <c>[B]</c>.</param>
/// <param name="ReferenceError"><c>ms(c_w - f_ref)</c> <c>[B]</c>.</param>
/// <param name="Distance"><c>ms(f - f_ref)</c> <c>[B]</c>.</param>
public sealed record PreferenceLoss(
    Tensor Total,
    Tensor Base,
    Tensor Preference,
    Tensor Margin,
    Tensor Error,
    Tensor ReferenceError,
    Tensor Distance
)
{
    /// <summary>The share of the batch with a margin above zero (the implicit accuracy), a scalar.</summary>
    public Tensor Accuracy => Margin.detach().gt(zeros_like(Margin)).to(Margin.dtype).mean();
}
