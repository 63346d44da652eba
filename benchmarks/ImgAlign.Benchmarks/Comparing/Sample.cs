using System.Globalization;

namespace ImgAlign.Benchmarks.Comparing;

/// <summary>How long one run took.</summary>
/// <param name="Wall">By the clock.</param>
/// <param name="Processor">Of all threads of the process: what remains comparable while other programs use the machine.</param>
internal readonly record struct RunTime(TimeSpan Wall, TimeSpan Processor);

/// <summary>The times of equal runs.</summary>
internal sealed class Sample(IReadOnlyList<RunTime> runs)
{
    /// <summary>The median by the clock, in milliseconds.</summary>
    public double Median { get; } = MedianOf(runs.Select(run => run.Wall.TotalMilliseconds));

    /// <summary>The median of the processor time, in milliseconds.</summary>
    public double MedianProcessor { get; } = MedianOf(runs.Select(run => run.Processor.TotalMilliseconds));

    public override string ToString() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"median {Median:0.0} ms ({runs.Min(run => run.Wall).TotalMilliseconds:0.0} to "
                + $"{runs.Max(run => run.Wall).TotalMilliseconds:0.0}), processor {MedianProcessor:0.0} ms"
        );

    private static double MedianOf(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        var middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
