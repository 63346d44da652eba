namespace ImgAlign.Training.Parallel;

/// <summary>What is made of sums.</summary>
internal static class ProcessGroupExtensions
{
    /// <summary>The sum of one number.</summary>
    public static double Sum(this IProcessGroup group, double value)
    {
        Span<double> values = [value];
        group.Sum(values);
        return values[0];
    }

    /// <summary>Whether something holds in any process.</summary>
    public static bool Any(this IProcessGroup group, bool value) => group.Sum(value ? 1 : 0) > 0;

    /// <summary>Waits until all processes have come here.</summary>
    public static void Wait(this IProcessGroup group) => group.Sum(0);
}
