using static TorchSharp.torch;

namespace ImgAlign.Sampling;

/// <summary>
/// The noise levels of a model's training, one for each timestep: how much of a sample's variance is left of the data (diffusers
/// <c>alphas_cumprod</c>), and what follows from it. Float32 where the reference is.
/// </summary>
public sealed class TrainingLevels
{
    private readonly float[] kept; // the data's share of the variance
    private readonly float[] sigmas; // noise to signal

    /// <summary>Computes the levels.</summary>
    /// <param name="config">Betas.</param>
    /// <param name="zeroSnr">What is left at the last timestep where betas are rescaled to zero signal; null: betas are as they
    /// are.</param>
    public TrainingLevels(SchedulerConfig config, float? zeroSnr)
    {
        using var scope = NewDisposeScope();
        var products = AlphaProducts(config, zeroSnr);
        kept = products.data<float>().ToArray();
        sigmas = (products.OneMinus() / products).sqrt().data<float>().ToArray();
    }

    /// <summary>The number of timesteps.</summary>
    public int Count => kept.Length;

    /// <summary>Noise to signal at the first timestep, the least of training.</summary>
    public float Lowest => sigmas[0];

    /// <summary>Noise to signal at the last timestep.</summary>
    public float Highest => sigmas[^1];

    /// <summary>The level of a timestep, with squares that sum to 1.</summary>
    public NoiseLevel this[int timestep] => new(Math.Sqrt(kept[timestep]), Math.Sqrt(1.0 - kept[timestep]), timestep);

    /// <summary>How many timesteps have a logarithm of signal to noise below a bound.</summary>
    public int CountBelow(double logSnr) => sigmas.Count(sigma => -MathF.Log(sigma) < logSnr);

    /// <summary>How much of a sample's variance is left of the data at each timestep, <c>[timesteps]</c>; disposed by the caller.</summary>
    public static Tensor AlphaProducts(SchedulerConfig config, float? zeroSnr)
    {
        using var scope = NewDisposeScope();
        var steps = config.NumTrainTimesteps;
        var betas = config.TrainedBetas is { } given
            ? tensor(given.ToArray())
            : config.BetaSchedule switch
            {
                "linear" => linspace(config.BetaStart, config.BetaEnd, steps, float32),
                "scaled_linear" => linspace(Math.Sqrt(config.BetaStart), Math.Sqrt(config.BetaEnd), steps, float32).Squared(),
                _ => tensor(Enumerable.Range(0, steps).Select(i => SquaredCosineBeta(i, steps)).ToArray()),
            };
        var products = betas.OneMinus().cumprod(0);
        if (config.RescaleBetasZeroSnr && zeroSnr is { } last)
        {
            // Roots that are shifted so that the last one is 0, and scaled so that the first one stays (Lin et al., 2023, algorithm 1).
            var roots = products.sqrt();
            var (first, final) = (roots[0], roots[-1]);
            products = ((roots - final) * (first / (first - final))).Squared();
            products[-1] = tensor(last);
        }
        return products.MoveToOuterDisposeScope();
    }

    /// <summary>Noise to signal at any timestep, linear between two; what lies outside of training is the nearest one.</summary>
    public double SigmaAt(double timestep)
    {
        if (timestep >= Count - 1)
            return Highest;
        var below = (int)Math.Max(timestep, 0);
        return sigmas[below] + (sigmas[below + 1] - (double)sigmas[below]) * (Math.Max(timestep, 0) - below);
    }

    /// <summary>The timestep of a noise level, linear in its logarithm, from 0 to the last of training.</summary>
    public double TimestepAt(double sigma)
    {
        var logarithm = Math.Log(Math.Max(sigma, 1e-10));
        var below = Math.Clamp(Array.FindLastIndex(sigmas, trained => MathF.Log(trained) <= logarithm), 0, Count - 2);
        float low = MathF.Log(sigmas[below]),
            high = MathF.Log(sigmas[below + 1]);
        var weight = Math.Clamp((low - logarithm) / (low - high), 0, 1);
        return (1 - weight) * below + weight * (below + 1);
    }

    private static float SquaredCosineBeta(int step, int steps) =>
        (float)Math.Min(1 - SquaredCosine(step + 1, steps) / SquaredCosine(step, steps), 0.999);

    private static double SquaredCosine(int step, int steps) => Math.Pow(Math.Cos(((double)step / steps + 0.008) / 1.008 * Math.PI / 2), 2);
}
