using static TorchSharp.torch;

namespace ImgAlign.Sampling;

/// <summary>
/// Picks the noise levels of a generation from those of a model's training (diffusers <c>EulerDiscreteScheduler</c>), and turns what the
/// network says into dx/dsigma. Float32 where the reference is.
/// </summary>
public sealed class EulerSchedule
{
    private readonly EulerScheduleConfig config;
    private readonly float[] trainSigmas;

    /// <summary>Computes the noise levels of training.</summary>
    /// <param name="config">The configuration.</param>
    public EulerSchedule(EulerScheduleConfig config)
    {
        this.config = config;
        trainSigmas = TrainSigmas(config);
    }

    /// <summary>The noise levels of a generation.</summary>
    /// <param name="steps">The number of steps, from 1 to the number in training (1000).</param>
    /// <exception cref="ArgumentOutOfRangeException">There are too few or too many steps.</exception>
    public NoiseSchedule Create(int steps)
    {
        if (steps < 1 || steps > config.NumTrainTimesteps)
            throw new ArgumentOutOfRangeException(nameof(steps), steps, $"The number of steps must be from 1 to {config.NumTrainTimesteps}.");
        var timesteps = Timesteps(steps);
        var sigmas = timesteps.Select(timestep => SigmaAt(timestep)).ToArray();
        if (config.UseKarrasSigmas || config.UseExponentialSigmas || config.UseBetaSigmas)
        {
            sigmas = Respaced(config.SigmaMax ?? sigmas[0], config.SigmaMin ?? sigmas[^1], steps);
            timesteps = [.. sigmas.Select(sigma => (float)TimestepAt(sigma))];
        }
        float[] levels = [.. sigmas.Select(sigma => (float)sigma)];
        if (IsContinuous) timesteps = [.. levels.Select(ContinuousTimestep)];
        var largest = levels.Max();
        var initialScale = config.TimestepSpacing == "leading" ? MathF.Sqrt(largest * largest + 1) : largest;
        Func<float, float> timestepOf = IsContinuous ? ContinuousTimestep : sigma => (float)TimestepAt(sigma);
        return new InterpolatedSchedule([.. levels.Zip(timesteps, static (sigma, timestep) => new NoiseLevel(sigma, timestep))], config.FinalSigmasType == "sigma_min" ? trainSigmas[0] : 0f, initialScale, timestepOf);
    }

    private bool IsContinuous => config is { TimestepType: "continuous", PredictionType: "v_prediction" };

    private static float ContinuousTimestep(float sigma) => 0.25f * MathF.Log(sigma);

    /// <summary>What the network sees of a sample: <c>x / sqrt(sigma^2 + 1)</c>.</summary>
    /// <param name="x">The sample.</param>
    /// <param name="sigma">Its noise level.</param>
    public static Tensor ScaleModelInput(Tensor x, float sigma) => x.DividedBy(MathF.Sqrt(sigma * sigma + 1));

    /// <summary>dx/dsigma: the predicted noise, or what follows from the predicted velocity <c>v</c> (Salimans and Ho, 2022) or sample.</summary>
    /// <param name="prediction">What the network says.</param>
    /// <param name="x">The sample, not scaled.</param>
    /// <param name="sigma">Its noise level.</param>
    /// <returns>A new tensor, float32.</returns>
    public Tensor Derivative(Tensor prediction, Tensor x, float sigma)
    {
        using var scope = NewDisposeScope();
        var predicted = prediction.to(float32).alias();
        if (config.PredictionType == "epsilon") return predicted.MoveToOuterDisposeScope();
        var variance = sigma * sigma + 1;
        var original = config.PredictionType == "v_prediction" ? predicted.Times(-sigma / MathF.Sqrt(variance)).Plus(x.DividedBy(variance)) : predicted;
        return (x - original).DividedBy(sigma).MoveToOuterDisposeScope();
    }

    private static float[] TrainSigmas(EulerScheduleConfig config)
    {
        using var scope = NewDisposeScope();
        var products = AlphaProducts(config);
        return (products.OneMinus() / products).sqrt().data<float>().ToArray();
    }

    /// <summary>How much of a sample's variance is left at each timestep of training (diffusers <c>alphas_cumprod</c>), <c>[timesteps]</c>; the caller's.</summary>
    public static Tensor AlphaProducts(EulerScheduleConfig config)
    {
        using var scope = NewDisposeScope();
        var steps = config.NumTrainTimesteps;
        var betas = config.TrainedBetas is { } given ? tensor(given.ToArray()) : config.BetaSchedule switch
        {
            "linear" => linspace(config.BetaStart, config.BetaEnd, steps, float32),
            "scaled_linear" => linspace(Math.Sqrt(config.BetaStart), Math.Sqrt(config.BetaEnd), steps, float32).Squared(),
            _ => tensor(Enumerable.Range(0, steps).Select(i => (float)Math.Min(1 - SquaredCosine(i + 1, steps) / SquaredCosine(i, steps), 0.999)).ToArray()),
        };
        var products = betas.OneMinus().cumprod(0);  // squared, the share of the sample
        if (config.RescaleBetasZeroSnr)
        {
            products = WithoutFinalSample(products).OneMinus().cumprod(0);
            products[-1] = tensor(MathF.Pow(2, -24));  // not 0, or else the first noise level would be infinite
        }
        return products.MoveToOuterDisposeScope();
    }

    private static double SquaredCosine(int step, int steps) => Math.Pow(Math.Cos(((double)step / steps + 0.008) / 1.008 * Math.PI / 2), 2);

    // Betas whose shares are shifted so that the last one is 0, and scaled so that the first one stays (Lin et al., 2023, algorithm 1).
    private static Tensor WithoutFinalSample(Tensor products)
    {
        var shares = products.sqrt();
        var (first, last) = (shares[0], shares[-1]);
        var rescaled = ((shares - last) * (first / (first - last))).Squared();
        return cat([rescaled.narrow(0, 0, 1), rescaled.narrow(0, 1, rescaled.shape[0] - 1) / rescaled.narrow(0, 0, rescaled.shape[0] - 1)]).OneMinus();
    }

    private float[] Timesteps(int steps)
    {
        var trained = config.NumTrainTimesteps;
        switch (config.TimestepSpacing)
        {
            case "leading":
                return [.. Enumerable.Range(0, steps).Reverse().Select(i => (float)(i * (trained / steps)) + config.StepsOffset)];
            case "trailing":
                // As NumPy's arange counts: the number and the stride are rounded in just this way, which decides ties.
                var ratio = (double)trained / steps;
                var stride = trained - ratio - trained;
                return [.. Enumerable.Range(0, (int)Math.Ceiling(trained / ratio)).Select(i => (float)Math.Round(trained + i * stride) - 1)];
            default:
                return [.. Enumerable.Range(0, steps).Reverse().Select(i => steps == 1 ? 0f : (float)(i * ((trained - 1.0) / (steps - 1))))];
        }
    }

    // NumPy's interp over the whole timesteps of training; what lies outside is the nearest one.
    private double SigmaAt(double timestep)
    {
        if (timestep >= trainSigmas.Length - 1) return trainSigmas[^1];
        var below = (int)Math.Max(timestep, 0);
        double sigma = trainSigmas[below];
        return sigma + (trainSigmas[below + 1] - sigma) * (Math.Max(timestep, 0) - below);
    }

    // From the largest to the smallest noise level, other than by timesteps.
    private double[] Respaced(double largest, double smallest, int steps)
    {
        const double Rho = 7, Shape = 0.6;
        Func<double, double> level =
            config.UseKarrasSigmas ? place => Math.Pow(Between(Math.Pow(largest, 1 / Rho), Math.Pow(smallest, 1 / Rho), place), Rho)
            : config.UseExponentialSigmas ? place => Math.Exp(Between(Math.Log(largest), Math.Log(smallest), place))
            : place => Between(smallest, largest, BetaDistribution.Quantile(1 - place, Shape));
        return [.. Enumerable.Range(0, steps).Select(i => level(steps == 1 ? 0 : (double)i / (steps - 1)))];

        static double Between(double from, double to, double place) => from + place * (to - from);
    }

    // The place of a noise level among those of training, linear in its logarithm.
    private double TimestepAt(double sigma)
    {
        var logarithm = Math.Log(Math.Max(sigma, 1e-10));
        var below = Math.Clamp(Array.FindLastIndex(trainSigmas, trained => MathF.Log(trained) <= logarithm), 0, trainSigmas.Length - 2);
        float low = MathF.Log(trainSigmas[below]), high = MathF.Log(trainSigmas[below + 1]);
        var weight = Math.Clamp((low - logarithm) / (low - high), 0, 1);
        return (1 - weight) * below + weight * (below + 1);
    }
}
