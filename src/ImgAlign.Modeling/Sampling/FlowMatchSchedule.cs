namespace ImgAlign.Sampling;

/// <summary>
/// The times of a rectified flow, from 1 (noise) to 0: evenly spaced, then shifted towards noise the more image tokens there are (FLUX
/// <c>get_schedule</c>, and those classes of diffusers that know flows). A sample is <c>(1 - t) data + t noise</c>, and the network is told
/// the time.
/// </summary>
/// <param name="config">The configuration.</param>
public sealed class FlowMatchSchedule(SchedulerConfig config)
{
    /// <summary>The number of image tokens of a picture.</summary>
    /// <param name="size">The picture's size in pixels.</param>
    /// <param name="count">How they are counted.</param>
    public static long ImageTokens(ImageSize size, FlowTokenCount count) =>
        count == FlowTokenCount.Released ? (long)(size.Width / 8) * (size.Height / 8) / 256 : (long)(size.Width / 16) * (size.Height / 16);

    /// <summary>How far times are shifted: linear in the number of image tokens.</summary>
    /// <param name="imageTokens">The number of image tokens.</param>
    public double Mu(long imageTokens)
    {
        var slope = (config.MaxShift - config.BaseShift) / (config.MaxImageSeqLen - config.BaseImageSeqLen);
        return slope * imageTokens + (config.BaseShift - slope * config.BaseImageSeqLen);
    }

    /// <summary>
    /// The times of a generation by FLUX, which are 1, 1 - 1/n, … before they are shifted, unless the sampler has its own.
    /// </summary>
    /// <param name="settings">The number of steps, the sampler, and what is asked of the times.</param>
    /// <param name="imageTokens">The number of image tokens.</param>
    /// <exception cref="ArgumentException">There is no step, or a flow has no such times.</exception>
    public NoiseSchedule Create(SamplingSettings settings, long imageTokens)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var (sampler, asked) = (settings.Sampler, settings.NoiseLevels);
        if (asked.Shift is { } shift)
        {
            var shifted = config with { UseDynamicShifting = false, Shift = shift, FlowShift = shift };
            return new FlowMatchSchedule(shifted).Create(settings with { NoiseLevels = asked with { Shift = null } }, imageTokens);
        }
        var steps = asked.Steps ?? settings.Steps;
        if (steps < 1)
            throw new InvalidRequestException($"Steps is {steps}; use 1 or more.", nameof(settings.Steps));
        if (sampler.Kind is not (SamplerKind.Euler or SamplerKind.Heun) && !IsOfSolver(sampler.Kind))
        {
            throw new InvalidRequestException(
                $"{sampler.Name} is for models whose noise is added to the data, and this is a flow; "
                    + "take euler, heun, unipc, or one of dpmpp-….",
                nameof(settings.Sampler)
            );
        }
        if (asked.Timesteps is not null || asked.TimestepSpacing is not null)
        {
            throw new InvalidRequestException(
                "A flow has no timesteps of training to choose from; give Sigmas, times from 1 to 0.",
                nameof(settings.NoiseLevels)
            );
        }
        if (asked.Sigmas?.Any(static time => time > 1) == true)
        {
            throw new InvalidRequestException(
                "The sigmas of a flow are times from 1 to 0, such as 1,0.8,0.5,0; give no number above 1.",
                nameof(settings.NoiseLevels)
            );
        }
        var isSpaced = asked.Spacing is not (null or NoiseLevelSpacing.Timesteps);
        if (asked.Spacing is NoiseLevelSpacing.Lu || (isSpaced && IsOfSolver(sampler.Kind)))
        {
            throw new InvalidRequestException(
                $"The noise levels {asked.Spacing} are not for {sampler.Name} on a flow; "
                    + "leave them out, or take Karras, Exponential or Beta with euler or heun.",
                nameof(settings.NoiseLevels)
            );
        }
        var isOwn = IsOfSolver(sampler.Kind) || config.ClassName == SchedulerClass.FlowHeun;
        var times = asked.Sigmas ?? (isOwn ? null : [.. LevelSpacing.Even(1, 1.0 / steps, steps), 0]);
        var schedule = Create(sampler.Kind, steps, times, Mu(imageTokens), asked.Spacing);
        return settings.Strength is { } strength ? schedule.StartingAt(FirstStep(steps, strength)) : schedule;
    }

    /// <summary>The times of a generation.</summary>
    /// <param name="kind">Whose times they are.</param>
    /// <param name="steps">The number of steps.</param>
    /// <param name="given">The times before they are shifted, and where the last step ends; null: those of the kind.</param>
    /// <param name="mu">How far they are shifted, where that depends on the size.</param>
    /// <param name="spacing">How they are spaced; null: as the configuration says.</param>
    public NoiseSchedule Create(SamplerKind kind, int steps, IReadOnlyList<double>? given, double mu, NoiseLevelSpacing? spacing = null)
    {
        var shift =
            config.UseDynamicShifting ? (config.TimeShiftType == "linear" ? mu : Math.Exp(mu))
            : config.UseFlowSigmas ? config.FlowShift
            : config.Shift;
        var times = (given?.SkipLast(1) ?? Own(kind, steps)).Select(time => Shifted(time, shift)).ToArray();
        var final = given is null ? 0 : Shifted(given[^1], shift);
        if (IsOfSolver(kind))
        {
            if (kind == SamplerKind.UniPc && times[0] >= 1)
                times[0] -= 1e-6; // its first step is divided by the signal
            if (given is null && config.FinalSigmasType == "sigma_min")
                final = kind == SamplerKind.UniPc ? times[^1] : new TrainingLevels(config, zeroSnr: null).Lowest;
            return Schedule(times, final, time => Math.Truncate(time * config.NumTrainTimesteps) / config.NumTrainTimesteps);
        }
        if (config.ShiftTerminal is { } terminal && steps > 1)
        {
            var stretch = (1 - times[^1]) / (1 - terminal);
            times = [.. times.Select(time => 1 - (1 - time) / stretch)];
        }
        if ((spacing ?? config.Spacing) is var chosen and not NoiseLevelSpacing.Timesteps)
            times = LevelSpacing.Between(times[0], times[^1], steps, chosen);
        return Schedule(times, final, static time => time);
    }

    /// <summary>
    /// The first step that image-to-image runs (diffusers <c>FluxImg2ImgPipeline.get_timesteps</c>): a step that has begun is run, too.
    /// </summary>
    public static int FirstStep(int steps, double strength) => Math.Min((int)(steps - Math.Min(steps * strength, steps)), steps - 1);

    // Those classes that know flows beside other noise levels.
    private static bool IsOfSolver(SamplerKind kind) =>
        kind is SamplerKind.DpmSolver or SamplerKind.DpmSolverSinglestep or SamplerKind.UniPc;

    private double[] Own(SamplerKind kind, int steps)
    {
        var least = 1.0 / config.NumTrainTimesteps;
        return kind switch
        {
            SamplerKind.UniPc => [.. LevelSpacing.Even(1, least, steps + 1).SkipLast(1)],
            SamplerKind.DpmSolver or SamplerKind.DpmSolverSinglestep =>
            [
                .. LevelSpacing.Even(1, least, steps + 1).Reverse().SkipLast(1).Select(static share => 1 - share),
            ],
            // The lower end is shifted twice, here and with all others, as in the reference.
            _ => LevelSpacing.Even(1, config.UseDynamicShifting ? least : Shifted(least, config.Shift), steps),
        };
    }

    private static double Shifted(double time, double shift) => shift * time / (1 + (shift - 1) * time);

    private static NoiseSchedule Schedule(IReadOnlyList<double> times, double final, Func<double, double> told)
    {
        return new([.. times.Select(time => Level((float)time, told(time)))], Level((float)final, 0), initialScale: 1, PredictionType.Flow);

        static NoiseLevel Level(float time, double told) => new(1 - time, time, (float)told);
    }
}
