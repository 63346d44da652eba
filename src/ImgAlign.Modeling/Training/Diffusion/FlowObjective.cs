using static TorchSharp.torch;

namespace ImgAlign.Training.Diffusion;

/// <summary>
/// Training of a rectified flow (Esser et al., 2024; diffusers' FLUX scripts): <c>x_t = (1 - t) x0 + t noise</c>, and the network says
/// <c>noise - x0</c>.
/// </summary>
/// <param name="LogitMean">The mean of t before the sigmoid.</param>
/// <param name="LogitDeviation">Its standard deviation.</param>
/// <param name="Shift">How far t is moved towards noise, as the sampler does.</param>
public sealed record FlowObjective(double LogitMean = 0, double LogitDeviation = 1, double Shift = 1)
{
    /// <summary>Times between picture (0) and noise (1), <c>[B]</c>.</summary>
    /// <param name="normal">Unit normal numbers <c>[B]</c>.</param>
    public Tensor Times(Tensor normal)
    {
        ArgumentNullException.ThrowIfNull(normal);
        using var scope = NewDisposeScope();
        var t = normal.Times(LogitDeviation).Plus(LogitMean).sigmoid();
        return (t.Times(Shift) / t.Times(Shift - 1).Plus(1)).MoveToOuterDisposeScope();
    }

    /// <summary>Mixes samples with noise.</summary>
    /// <param name="x0">Samples <c>[B, ...]</c>.</param>
    /// <param name="noise">Unit normal, of the same shape.</param>
    /// <param name="times">From <see cref="Times"/>, <c>[B]</c>.</param>
    public static NoisedSample Noise(Tensor x0, Tensor noise, Tensor times)
    {
        ArgumentNullException.ThrowIfNull(x0);
        ArgumentNullException.ThrowIfNull(noise);
        ArgumentNullException.ThrowIfNull(times);
        using var scope = NewDisposeScope();
        var t = times.to(x0.dtype).view([-1, .. Enumerable.Repeat(1L, (int)x0.dim() - 1)]);
        var noisy = (t.OneMinus() * x0).Plus(t * noise);
        return new NoisedSample(
            noisy.MoveToOuterDisposeScope(),
            (noise - x0).MoveToOuterDisposeScope(),
            ones_like(times).MoveToOuterDisposeScope()
        );
    }
}
