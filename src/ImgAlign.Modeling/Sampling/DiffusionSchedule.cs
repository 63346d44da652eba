namespace ImgAlign.Sampling;

/// <summary>
/// Picks the noise levels of a generation from those of a model's training, whose noise is added to the data (SDXL), as the class of
/// diffusers does that the sampler is of: the same options give other levels for another class.
/// </summary>
/// <param name="config">The levels of training, and how they are picked from.</param>
public sealed class DiffusionSchedule(SchedulerConfig config)
{
    // Nothing but noise, as far as a level may be that is divided by its signal.
    private const float NearlyNoSignal = 1f / (1 << 24);

    /// <summary>The noise levels of a generation.</summary>
    /// <param name="settings">The number of steps, the sampler, and what is asked of the levels.</param>
    /// <exception cref="ArgumentException">There are too few or too many steps, or the sampler has no such levels.</exception>
    public NoiseSchedule Create(SamplingSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        if (settings.Prediction is { } prediction && prediction != Prediction)
            return new DiffusionSchedule(config with { PredictionType = NameOf(prediction) }).Create(settings);
        var (asked, kind, steps) = (settings.NoiseLevels, settings.Sampler.Kind, settings.NoiseLevels.Steps ?? settings.Steps);
        if (steps < 1 || steps > config.NumTrainTimesteps)
            throw new InvalidRequestException($"Steps is {steps}; use 1 to {config.NumTrainTimesteps}.", nameof(settings.Steps));
        var trained = new TrainingLevels(config, zeroSnr: kind >= SamplerKind.Ddim ? 0 : NearlyNoSignal);
        RequireUsable(settings, kind);
        var schedule = kind switch
        {
            SamplerKind.Euler or SamplerKind.EulerAncestral or SamplerKind.Heun => Fractional(trained, kind, steps, asked),
            SamplerKind.DpmSolver or SamplerKind.DpmSolverSinglestep or SamplerKind.UniPc => Whole(trained, kind, steps, asked),
            _ => OfTraining(trained, settings, steps),
        };
        if (settings.Strength is not { } strength)
            return schedule;
        var first = FirstStep(steps, strength);
        if (first < steps)
            return schedule.StartingAt(first);
        var least = 1.0 / steps;
        throw new InvalidRequestException(
            FormattableString.Invariant(
                $"Strength {strength} of {steps} steps leaves none to run; use at least {least:0.###}, or more steps."
            ),
            nameof(settings.Strength)
        );
    }

    /// <summary>
    /// The first step that image-to-image runs (diffusers <c>StableDiffusionXLImg2ImgPipeline.get_timesteps</c>): the whole steps of the
    /// strength are run.
    /// </summary>
    public static int FirstStep(int steps, double strength) => steps - Math.Min((int)(steps * strength), steps);

    // What would be left aside, or is outside of what the model was trained with.
    private void RequireUsable(SamplingSettings settings, SamplerKind kind)
    {
        var (name, asked) = (settings.Sampler.Name, settings.NoiseLevels);
        var isWhole = kind is not (SamplerKind.Euler or SamplerKind.EulerAncestral or SamplerKind.Heun);
        if (
            asked.Timesteps?.Any(timestep => timestep > config.NumTrainTimesteps - 1 || (isWhole && timestep != Math.Round(timestep)))
            == true
        )
        {
            throw new InvalidRequestException(
                "The model was trained with timesteps from 0 to "
                    + $"{config.NumTrainTimesteps - 1}{(isWhole ? $", and {name} goes through whole ones" : "")}; "
                    + "give no others.",
                nameof(settings.NoiseLevels)
            );
        }
        if (asked.Shift is not null)
            throw new InvalidRequestException("Only the times of a flow are shifted; leave Shift out.", nameof(settings.NoiseLevels));
        var hasOwn = kind is SamplerKind.DpmSolverSinglestep or SamplerKind.Lcm or SamplerKind.Tcd;
        var hasLevels = isWhole && asked.Spacing is not (null or NoiseLevelSpacing.Timesteps);
        if (asked.TimestepSpacing is not null && (hasOwn || hasLevels))
        {
            throw new InvalidRequestException(
                $"{name} {(hasOwn ? "has timesteps of its own" : $"spaces its noise levels as {asked.Spacing} over all of training")}; "
                    + "leave the spacing of timesteps out.",
                nameof(settings.NoiseLevels)
            );
        }
    }

    private PredictionType Prediction =>
        config.PredictionType switch
        {
            "v_prediction" => PredictionType.Velocity,
            "sample" => PredictionType.Data,
            _ => PredictionType.Noise,
        };

    private static string NameOf(PredictionType prediction) =>
        prediction switch
        {
            PredictionType.Noise => "epsilon",
            PredictionType.Velocity => "v_prediction",
            PredictionType.Data => "sample",
            _ => throw new InvalidRequestException($"SDXL's noise levels are not for a network that predicts {prediction}.", null),
        };

    private TimestepSpacing SpacingOf(NoiseLevelOptions asked) =>
        asked.TimestepSpacing ?? Enum.Parse<TimestepSpacing>(config.TimestepSpacing, ignoreCase: true);

    // Noise is added to the data itself, and timesteps need not be whole.
    private NoiseSchedule Fractional(TrainingLevels trained, SamplerKind kind, int steps, NoiseLevelOptions asked)
    {
        var isEuler = kind == SamplerKind.Euler;
        var spacing = asked.Spacing ?? (kind == SamplerKind.EulerAncestral ? NoiseLevelSpacing.Timesteps : config.Spacing);
        var places = SpacingOf(asked);
        var timesteps = asked.Timesteps?.ToArray() ?? TimestepSpacings.Fractional(places, steps, trained.Count, config.StepsOffset);
        double[] sigmas = [.. timesteps.Select(trained.SigmaAt)];
        double final = isEuler && config.FinalSigmasType == "sigma_min" ? trained.Lowest : 0;
        if (isEuler && config.InterpolationType == "log_linear" && asked.Timesteps is null)
        {
            // One level more than steps, so that the last step ends at the lowest.
            sigmas = LevelSpacing.Between(trained.Highest, trained.Lowest, steps + 1, NoiseLevelSpacing.Exponential);
            if (spacing == NoiseLevelSpacing.Timesteps)
                (sigmas, final) = ([.. sigmas.SkipLast(1)], sigmas[^1]);
        }
        if (asked.Sigmas is { } given)
            (sigmas, final) = ([.. given.SkipLast(1)], given[^1]);
        else if (spacing != NoiseLevelSpacing.Timesteps)
        {
            var (highest, lowest) = isEuler ? (config.SigmaMax ?? sigmas[0], config.SigmaMin ?? sigmas[^1]) : (sigmas[0], sigmas[^1]);
            sigmas = LevelSpacing.Between(highest, lowest, steps, spacing);
        }
        if (asked.Sigmas is not null || spacing != NoiseLevelSpacing.Timesteps)
            timesteps = [.. sigmas.Select(trained.TimestepAt)];
        if (isEuler && config.TimestepType == "continuous" && Prediction == PredictionType.Velocity)
            timesteps = [.. sigmas.Select(static sigma => Math.Log(sigma) / 4)];

        var largest = sigmas.Max();
        var initialScale = places == TimestepSpacing.Leading ? Math.Sqrt(largest * largest + 1) : largest;
        return new([.. sigmas.Zip(timesteps, Added)], Added(final, 0), initialScale, Prediction);

        static NoiseLevel Added(double sigma, double timestep) => new(1, (float)sigma, (float)timestep);
    }

    // Data and noise have squares that sum to 1, and timesteps are whole: rounded, or cut off where the reference does.
    private NoiseSchedule Whole(TrainingLevels trained, SamplerKind kind, int steps, NoiseLevelOptions asked)
    {
        var isUniPc = kind == SamplerKind.UniPc;
        var spacing = asked.Spacing ?? config.Spacing;
        var usable = trained.Count - (isUniPc ? 0 : trained.CountBelow(config.LambdaMinClipped));
        var places = kind == SamplerKind.DpmSolverSinglestep ? TimestepSpacing.Linspace : SpacingOf(asked);
        var timesteps = asked.Timesteps?.ToArray() ?? TimestepSpacings.Whole(places, steps, trained.Count, usable, config.StepsOffset);
        double[] sigmas = [.. timesteps.Select(trained.SigmaAt)];
        double final = config.FinalSigmasType == "sigma_min" ? trained.Lowest : 0;
        if (asked.Sigmas is { } given)
            (sigmas, final) = ([.. given.SkipLast(1)], given[^1]);
        else if (spacing != NoiseLevelSpacing.Timesteps)
        {
            var (highest, lowest) = isUniPc ? (config.SigmaMax, config.SigmaMin) : (null, null);
            sigmas = LevelSpacing.Between(highest ?? trained.Highest, lowest ?? trained.Lowest, steps, spacing);
            if (isUniPc && final > 0)
                final = sigmas[^1];
        }
        if (asked.Sigmas is not null || spacing != NoiseLevelSpacing.Timesteps)
        {
            var isCut = spacing is NoiseLevelSpacing.Exponential or NoiseLevelSpacing.Beta;
            timesteps = [.. sigmas.Select(trained.TimestepAt).Select(timestep => isCut ? Math.Truncate(timestep) : Math.Round(timestep))];
        }
        return new([.. sigmas.Zip(timesteps, AtVariance1)], AtVariance1(final, 0), initialScale: 1, Prediction);
    }

    // The timesteps of training as they are.
    private NoiseSchedule OfTraining(TrainingLevels trained, SamplingSettings settings, int steps)
    {
        var (sampler, asked) = (settings.Sampler, settings.NoiseLevels);
        if (asked.Sigmas is not null || asked.Spacing is not (null or NoiseLevelSpacing.Timesteps))
        {
            throw new InvalidRequestException(
                $"{sampler.Name} goes through timesteps of training, and takes neither sigmas nor another spacing of noise levels; "
                    + "give Timesteps, or take another sampler.",
                nameof(settings.NoiseLevels)
            );
        }
        var isDistilled = sampler.Kind is SamplerKind.Lcm or SamplerKind.Tcd;
        if (isDistilled && asked.Timesteps is null && steps > config.OriginalInferenceSteps)
        {
            throw new InvalidRequestException(
                $"Steps is {steps}, but {sampler.Name} has at most {config.OriginalInferenceSteps}.",
                nameof(settings.Steps)
            );
        }
        var timesteps =
            asked.Timesteps
            ?? (
                isDistilled
                    ? TimestepSpacings.Distilled(steps, trained.Count, config.OriginalInferenceSteps)
                    : TimestepSpacings.Rounded(SpacingOf(asked), steps, trained.Count, config.StepsOffset)
            );
        if (timesteps.Any(timestep => timestep != Math.Floor(timestep) || timestep < 0 || timestep >= trained.Count))
        {
            throw new InvalidRequestException(
                $"{sampler.Name} goes through timesteps of training; use whole numbers from 0 to {trained.Count - 1}.",
                nameof(settings.NoiseLevels)
            );
        }
        var levels = timesteps.Select(timestep => trained[(int)timestep]).ToList();
        var final = sampler.Kind == SamplerKind.Tcd ? trained[0] : NoiseLevel.Clean;
        var schedule = new NoiseSchedule(levels, final, initialScale: 1, Prediction) { LevelOf = timestep => trained[timestep] };
        if (sampler.Kind != SamplerKind.Ddim || asked.Timesteps is not null)
            return schedule;
        // DDIM's steps are all of the same length, and do not always end where the next one begins.
        var stride = trained.Count / steps;
        var last = config.SetAlphaToOne ? NoiseLevel.Clean : trained[0];
        var ends = timesteps.Select(timestep => timestep >= stride ? trained[(int)timestep - stride] : last);
        return new(levels, last, initialScale: 1, Prediction) { Ends = [.. ends] };
    }

    private static NoiseLevel AtVariance1(double sigma, double timestep)
    {
        double ratio = (float)sigma;
        var signal = 1 / Math.Sqrt(ratio * ratio + 1);
        return new(signal, ratio * signal, (float)timestep);
    }
}
