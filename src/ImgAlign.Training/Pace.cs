using System.Diagnostics;

namespace ImgAlign.Training;

/// <summary>How fast a run goes, from where it began or was continued.</summary>
internal sealed class Pace(long firstStep)
{
    private readonly Stopwatch watch = Stopwatch.StartNew();

    public double StepsPerSecond(long step) => (step - firstStep) / Math.Max(watch.Elapsed.TotalSeconds, 1e-9);

    public TimeSpan Remaining(long step, long steps) => TimeSpan.FromSeconds((steps - step) / Math.Max(StepsPerSecond(step), 1e-9));
}
