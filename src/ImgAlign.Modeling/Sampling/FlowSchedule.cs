namespace ImgAlign.Sampling;

/// <summary>The times of a rectified flow: a sample is <c>(1 - t) data + t noise</c>, and the network is told the time itself.</summary>
/// <param name="times">Where the steps begin, from 1 falling.</param>
internal sealed class FlowSchedule(IEnumerable<float> times) : NoiseSchedule([.. times.Select(static time => new NoiseLevel(time, time))], finalSigma: 0, initialScale: 1)
{
    public override float TimestepOf(float sigma) => sigma;

    public override double SignalScaleOf(double sigma) => 1 - sigma;
}
