using static System.FormattableString;

namespace ImgAlign.Benchmarks.Comparing;

/// <summary>How far results are apart.</summary>
/// <param name="Largest">The largest difference of ours and the reference's.</param>
/// <param name="Magnitude">The reference's largest value.</param>
/// <param name="OursFromExact">The largest difference of ours from the reference in float32, if both ran in a narrower type.</param>
/// <param name="ReferenceFromExact">The same of the reference.</param>
internal sealed record Difference(double Largest, double Magnitude, double? OursFromExact, double? ReferenceFromExact)
{
    public override string ToString() =>
        Invariant($"largest difference {Largest:0.0e+0} of {Magnitude:0.0e+0}")
        + (
            OursFromExact is { } ours && ReferenceFromExact is { } reference
                ? Invariant($" (from the reference in float32: ours {ours:0.0e+0}, reference {reference:0.0e+0})")
                : ""
        );
}
