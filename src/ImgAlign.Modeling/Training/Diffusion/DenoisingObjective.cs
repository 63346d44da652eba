using ImgAlign.Sampling;
using static TorchSharp.torch;

namespace ImgAlign.Training.Diffusion;

/// <summary>
/// Training by denoising (Ho et al., 2020; diffusers <c>DDPMScheduler.add_noise</c>): <c>x_t = sqrt(ac) x0 + sqrt(1 - ac) noise</c>, and
/// the network says the noise, or the velocity <c>sqrt(ac) noise - sqrt(1 - ac) x0</c> (Salimans and Ho, 2022). Owns its table of noise
/// levels.
/// </summary>
public sealed class DenoisingObjective : IDisposable
{
    private readonly Tensor alphaProducts;
    private readonly bool predictsVelocity;
    private readonly double? snrGamma;

    /// <summary>Computes the noise levels.</summary>
    /// <param name="config">Betas, and what is predicted.</param>
    /// <param name="device">Where the samples are.</param>
    /// <param name="snrGamma">The limit of min-SNR weighting (Hang et al., 2023), often 5; null: all timesteps weigh the same.</param>
    /// <exception cref="ImgAlignException">Something else than noise or velocity is predicted.</exception>
    public DenoisingObjective(SchedulerConfig config, Device device, double? snrGamma = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (config.PredictionType is not ("epsilon" or "v_prediction"))
            throw new ImgAlignException(
                $"A network that predicts '{config.PredictionType}' cannot be trained here; epsilon and v_prediction can."
            );
        using var onHost = TrainingLevels.AlphaProducts(config, zeroSnr: 1f / (1 << 24));
        alphaProducts = onHost.to(device, copy: true).DetachFromDisposeScope();
        predictsVelocity = config.PredictionType == "v_prediction";
        this.snrGamma = snrGamma;
        Timesteps = config.NumTrainTimesteps;
    }

    /// <summary>The number of noise levels.</summary>
    public int Timesteps { get; }

    /// <summary>Signal to noise, <c>ac / (1 - ac)</c>, <c>[B]</c>.</summary>
    /// <param name="timesteps">From 0, int64 <c>[B]</c>.</param>
    public Tensor SignalToNoise(Tensor timesteps)
    {
        using var scope = NewDisposeScope();
        var kept = alphaProducts[timesteps];
        return (kept / kept.OneMinus()).MoveToOuterDisposeScope();
    }

    /// <summary>Mixes samples with noise.</summary>
    /// <param name="x0">Samples <c>[B, ...]</c>.</param>
    /// <param name="noise">Unit normal, of the same shape.</param>
    /// <param name="timesteps">From 0, int64 <c>[B]</c>.</param>
    public NoisedSample Noise(Tensor x0, Tensor noise, Tensor timesteps)
    {
        ArgumentNullException.ThrowIfNull(x0);
        ArgumentNullException.ThrowIfNull(noise);
        ArgumentNullException.ThrowIfNull(timesteps);
        using var scope = NewDisposeScope();
        var kept = alphaProducts[timesteps].view([-1, .. Enumerable.Repeat(1L, (int)x0.dim() - 1)]);
        var (signal, deviation) = (kept.sqrt().to(x0.dtype), kept.OneMinus().sqrt().to(x0.dtype));
        var target = predictsVelocity ? signal * noise - deviation * x0 : noise.alias();
        return new NoisedSample(
            (signal * x0).Plus(deviation * noise).MoveToOuterDisposeScope(),
            target.MoveToOuterDisposeScope(),
            Weight(timesteps).MoveToOuterDisposeScope()
        );
    }

    /// <summary>Frees the table.</summary>
    public void Dispose() => alphaProducts.Dispose();

    private Tensor Weight(Tensor timesteps)
    {
        var snr = SignalToNoise(timesteps);
        if (snrGamma is not { } gamma)
            return ones_like(snr);
        return snr.Clamp(max: gamma) / (predictsVelocity ? snr.Plus(1) : snr);
    }
}
