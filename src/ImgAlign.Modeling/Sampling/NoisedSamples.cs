using static TorchSharp.torch;

namespace ImgAlign.Sampling;

/// <summary>From data and noise to samples, and from what a network says of a sample back to the data.</summary>
public static class NoisedSamples
{
    /// <summary>A sample at a noise level.</summary>
    /// <param name="level">The noise level.</param>
    /// <param name="data">The data <c>[B, C, h, w]</c>.</param>
    /// <param name="noise">Unit normal noise <c>[B, C, h, w]</c>.</param>
    /// <returns><c>[B, C, h, w]</c>; disposed by the caller.</returns>
    public static Tensor Mix(this NoiseLevel level, Tensor data, Tensor noise) => data.Times(level.Signal).PlusInPlace(noise, level.Noise);

    /// <summary>The data that the network expects behind the noise of a sample.</summary>
    /// <param name="schedule">The noise levels, and what is predicted.</param>
    /// <param name="answer">What the network says, <c>[B, C, h, w]</c>; borrowed.</param>
    /// <param name="x">The sample <c>[B, C, h, w]</c>; borrowed.</param>
    /// <param name="level">Its noise level.</param>
    /// <returns><c>[B, C, h, w]</c>, float32; disposed by the caller.</returns>
    public static Tensor ToData(this NoiseSchedule schedule, Tensor answer, Tensor x, NoiseLevel level)
    {
        using var scope = NewDisposeScope();
        var (signal, noise, scale) = (level.Signal, level.Noise, level.Scale);
        // The data is shareOfX x + shareOfAnswer answer.
        var (shareOfX, shareOfAnswer) = schedule.Prediction switch
        {
            PredictionType.Noise => (1 / signal, -noise / signal),
            PredictionType.Velocity => (signal / (scale * scale), -noise / scale),
            PredictionType.Data => (0, 1),
            _ => (1, -noise),
        };
        var data = answer.to(float32).Times(shareOfAnswer);
        return (shareOfX == 0 ? data : data.PlusInPlace(x, shareOfX)).MoveToOuterDisposeScope();
    }
}
