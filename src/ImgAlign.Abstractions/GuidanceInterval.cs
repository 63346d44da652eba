namespace ImgAlign;

/// <summary>A part of a generation's steps (Kynkaanniemi et al., 2024: guidance does harm at the highest noise and nothing at the lowest).</summary>
/// <param name="Start">The share of the steps that come before it, from 0.</param>
/// <param name="End">The share of the steps at which it ends, up to 1.</param>
public readonly record struct GuidanceInterval(double Start, double End);
