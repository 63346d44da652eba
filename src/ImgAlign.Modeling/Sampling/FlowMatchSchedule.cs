namespace ImgAlign.Sampling;

/// <summary>
/// The times of a rectified flow, from 1 (noise) to 0: evenly spaced, then shifted towards noise the more image tokens there are (FLUX
/// <c>get_schedule</c>, diffusers <c>FlowMatchEulerDiscreteScheduler</c>).
/// </summary>
/// <param name="config">The configuration.</param>
public sealed class FlowMatchSchedule(FlowMatchConfig config)
{
    /// <summary>The number of image tokens of a picture.</summary>
    /// <param name="size">The picture's size in pixels.</param>
    /// <param name="count">How they are counted.</param>
    public static long ImageTokens(ImageSize size, FlowTokenCount count) => count == FlowTokenCount.Released
        ? (long)(size.Width / 8) * (size.Height / 8) / 256
        : (long)(size.Width / 16) * (size.Height / 16);

    /// <summary>How far times are shifted: linear in the number of image tokens.</summary>
    /// <param name="imageTokens">The number of image tokens.</param>
    public double Mu(long imageTokens)
    {
        var slope = (config.MaxShift - config.BaseShift) / (config.MaxImageSeqLen - config.BaseImageSeqLen);
        return slope * imageTokens + (config.BaseShift - slope * config.BaseImageSeqLen);
    }

    /// <summary>The times of a generation. The network is told the time from 0 to 1.</summary>
    /// <param name="steps">The number of steps, at least 1.</param>
    /// <param name="imageTokens">The number of image tokens.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no step.</exception>
    public NoiseSchedule Create(int steps, long imageTokens)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        return new FlowSchedule(Enumerable.Range(0, steps).Select(i => (float)ShiftTime(1 - (double)i / steps, imageTokens)));
    }

    private double ShiftTime(double time, long imageTokens)
    {
        var shift = !config.UseDynamicShifting ? config.Shift
            : config.TimeShiftType == "linear" ? Mu(imageTokens)
            : Math.Exp(Mu(imageTokens));
        return shift / (shift + (1 / time - 1));
    }
}
