using static TorchSharp.torch;

namespace ImgAlign.Training.Preference;

/// <summary>
/// The Iteratively Updated Preference Objective (IMG, Eqs. 4 to 7). Norms are means over tokens and widths, then over the batch; the
/// variance of the paper's Gaussian, which it leaves open, is the factor <paramref name="Beta"/>.
/// </summary>
/// <param name="Lambda">The weight of <c>L_pref</c> (IMG: 1).</param>
/// <param name="Beta">The factor on the margin a.</param>
/// <param name="Terms">Which terms are trained.</param>
public sealed record PreferenceObjective(double Lambda = 1, double Beta = 1, PreferenceTerms Terms = PreferenceTerms.Full)
{
    /// <summary>Computes the losses of a batch. No gradient goes into the reference.</summary>
    /// <param name="f">What the aligner makes of the non-preferred features, <c>[B, n, d]</c>.</param>
    /// <param name="reference">What the reference makes of them, <c>f_ref</c>.</param>
    /// <param name="preferred">The preferred picture's features, <c>c_w</c>.</param>
    /// <param name="rejected">The non-preferred picture's features, <c>c_l</c>.</param>
    public PreferenceLoss Compute(Tensor f, Tensor reference, Tensor preferred, Tensor rejected)
    {
        ArgumentNullException.ThrowIfNull(f);
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(preferred);
        ArgumentNullException.ThrowIfNull(rejected);
        using var scope = NewDisposeScope();
        reference = reference.detach();
        // IMG, Eq. 6, is a difference of squares that cancel to this product; the squares lose the digits of a where f is near f_ref.
        var direction = Terms == PreferenceTerms.DpoOnly ? preferred - rejected : preferred.Times(2) - rejected - reference;
        var margin = MeanOfTokens(direction * (f - reference)).Times(2 * Beta); // [B]
        var error = MeanSquare(preferred - f);
        var (baseLoss, preference) = (error.mean(), nn.functional.logsigmoid(margin).neg().mean());
        var loss = new PreferenceLoss(
            Terms == PreferenceTerms.BaseOnly ? baseLoss.alias() : baseLoss.Plus(preference.Times(Lambda)),
            baseLoss,
            preference,
            margin,
            error,
            MeanSquare(preferred - reference),
            MeanSquare(f - reference)
        );
        foreach (
            var result in new[] { loss.Total, loss.Base, loss.Preference, loss.Margin, loss.Error, loss.ReferenceError, loss.Distance }
        )
            result.MoveToOuterDisposeScope();
        return loss;
    }

    /// <summary>The mean of the squares of tokens and widths: <c>[B, n, d]</c> to <c>[B]</c>.</summary>
    /// <param name="x">Features or differences of features.</param>
    public static Tensor MeanSquare(Tensor x)
    {
        using var squares = x * x;
        return MeanOfTokens(squares);
    }

    private static Tensor MeanOfTokens(Tensor x) => x.mean([1, 2]);
}
