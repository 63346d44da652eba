namespace ImgAlign;

/// <summary>A part of a generation's steps (Kynkaanniemi et al., 2024: guidance does harm at the highest noise and nothing at the
/// lowest).</summary>
/// <param name="start">The share of the steps that come before it, from 0.</param>
/// <param name="end">The share of the steps at which it ends, up to 1.</param>
public readonly struct GuidanceInterval(double start, double end)
{
    /// <summary>The share of the steps that come before it, from 0.</summary>
    public double Start { get; } = start;

    /// <summary>The share of the steps at which it ends, up to 1.</summary>
    public double End { get; } = end;
}
