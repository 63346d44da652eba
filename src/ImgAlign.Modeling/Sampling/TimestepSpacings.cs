namespace ImgAlign.Sampling;

/// <summary>Which timesteps of training a generation goes through, falling, as NumPy rounds in the reference.</summary>
internal static class TimestepSpacings
{
    /// <summary>For samplers whose first step begins at the last timestep where it can: they need not be whole.</summary>
    public static double[] Fractional(TimestepSpacing spacing, int steps, int trained, int offset) =>
        spacing switch
        {
            TimestepSpacing.Leading => [.. Enumerable.Range(1, steps).Select(i => (steps - i) * (trained / steps) + (double)offset)],
            TimestepSpacing.Trailing => Trailing(steps, trained, trained),
            _ => [.. Enumerable.Range(0, steps).Reverse().Select(i => steps == 1 ? 0 : i * ((trained - 1.0) / (steps - 1)))],
        };

    /// <summary>The same, each at the nearest whole number.</summary>
    public static double[] Rounded(TimestepSpacing spacing, int steps, int trained, int offset) =>
        [.. Fractional(spacing, steps, trained, offset).Select(static timestep => Math.Round(timestep))];

    /// <summary>For samplers that divide training into one part more than there are steps, and leave out the part that lies at 0.</summary>
    /// <param name="spacing">Where they lie.</param>
    /// <param name="steps">The number of steps.</param>
    /// <param name="trained">The number of timesteps of training.</param>
    /// <param name="usable">How many of them, from 0, have enough signal.</param>
    /// <param name="offset">What is added for <see cref="TimestepSpacing.Leading"/>.</param>
    public static double[] Whole(TimestepSpacing spacing, int steps, int trained, int usable, int offset) =>
        spacing switch
        {
            TimestepSpacing.Leading => [.. Enumerable.Range(0, steps).Select(i => (steps - i) * (usable / (steps + 1)) + (double)offset)],
            TimestepSpacing.Trailing => Trailing(steps, trained, usable),
            _ => [.. Enumerable.Range(0, steps).Select(i => Math.Round((steps - i) * ((usable - 1.0) / steps)))],
        };

    /// <summary>Those that a consistency model was distilled for, or as many of them, whatever the spacing.</summary>
    /// <param name="steps">The number of steps, up to <paramref name="original"/>.</param>
    /// <param name="trained">The number of timesteps of training.</param>
    /// <param name="original">The number of timesteps of the distillation.</param>
    public static double[] Distilled(int steps, int trained, int original) =>
        [.. Enumerable.Range(0, steps).Select(i => (original - (int)(i * ((double)original / steps))) * (trained / original) - 1.0)];

    // The number of timesteps and the stride are rounded as NumPy's arange does it, which decides ties.
    private static double[] Trailing(int steps, int trained, int usable)
    {
        var ratio = (double)trained / steps;
        var stride = usable - ratio - usable;
        var count = Math.Min(steps, (int)Math.Ceiling(usable / ratio));
        return [.. Enumerable.Range(0, count).Select(i => Math.Round(usable + i * stride) - 1)];
    }
}
