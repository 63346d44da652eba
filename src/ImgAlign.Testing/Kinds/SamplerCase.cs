using System.Text.Json;
using ImgAlign.Sampling;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>A sampler and its noise levels, as a case or one of its runs gives them.</summary>
/// <param name="Config">The scheduler.</param>
/// <param name="Sampler">Its sampler.</param>
/// <param name="Schedule">Its noise levels.</param>
internal sealed record SamplerCase(SchedulerConfig Config, ISampler Sampler, NoiseSchedule Schedule)
{
    /// <summary>Reads a case, or one run of it.</summary>
    /// <param name="options">Its options: a scheduler, and steps, timesteps or sigmas; eta, mu and image_seq_len where it has them.</param>
    /// <param name="golden">The case.</param>
    public static SamplerCase Of(JsonElement options, GoldenCase golden)
    {
        var config = options.TryGetProperty("scheduler_file", out var file)
            ? SchedulerConfig.Read(golden.Path(file.GetString()!))
            : SchedulerConfig.FromJson(options.GetProperty("scheduler"), golden.Folder);
        return Of(config, options);
    }

    /// <summary>Reads what a case says beside its scheduler.</summary>
    public static SamplerCase Of(SchedulerConfig config, JsonElement options)
    {
        var sampler = SchedulerSampler.Of(config);
        if (options.TryGetProperty("eta", out var eta))
            sampler = sampler.WithEta(eta.GetDouble()) ?? sampler;
        var (timesteps, sigmas) = (Numbers("timesteps"), Numbers("sigmas"));
        var steps = options.TryGetProperty("steps", out var count) ? count.GetInt32() : timesteps?.Count ?? sigmas!.Count;
        var settings = new SamplingSettings
        {
            Steps = steps,
            Guidance = 1,
            ImagePromptScale = 0,
            Sampler = sampler,
            NoiseLevels = new() { Timesteps = timesteps, Sigmas = sigmas },
        };
        if (!config.IsFlow)
            return new(config, sampler, new DiffusionSchedule(config).Create(settings));
        var flow = new FlowMatchSchedule(config);
        var tokens = options.TryGetProperty("image_seq_len", out var length) ? length.GetInt64() : 0;
        if (options.TryGetProperty("pipeline", out _))
            return new(config, sampler, flow.Create(settings, tokens));
        var mu = options.TryGetProperty("mu", out var given) ? given.GetDouble() : flow.Mu(tokens);
        // A flow's lists leave out the 0 that they end at.
        return new(config, sampler, flow.Create(sampler.Kind, steps, sigmas is null ? null : [.. sigmas, 0], mu));

        IReadOnlyList<double>? Numbers(string name) =>
            options.TryGetProperty(name, out var list) ? [.. list.EnumerateArray().Select(static number => number.GetDouble())] : null;
    }

    /// <summary>The levels of the evaluations: Heun has two within a step, the second where it ends.</summary>
    public IReadOnlyList<NoiseLevel> Evaluations =>
        Sampler.Kind == SamplerKind.Heun
            ? [Schedule.Levels[0], .. Schedule.Levels.Skip(1).SelectMany(static level => (NoiseLevel[])[level, level])]
            : Schedule.Levels;

    /// <summary>The timesteps that the reference lists.</summary>
    public torch.Tensor Timesteps => torch.tensor(Evaluations.Select(TimestepOf).ToArray());

    /// <summary>The noise levels that the reference lists, to the end; null where it lists none.</summary>
    public torch.Tensor? Sigmas
    {
        get
        {
            if (Sampler.Kind >= SamplerKind.Ddim)
                return null;
            var levels = Evaluations.Append(Schedule.Ends[^1]).Select(level => (float)(Config.IsFlow ? level.Noise : level.Sigma));
            // With this type it lists a 0 that no step goes to.
            var isOneMore = Config.InterpolationType == "log_linear" && Sampler.Kind == SamplerKind.Euler && Schedule.Ends[^1].Noise > 0;
            return torch.tensor(isOneMore ? [.. levels, 0f] : levels.ToArray());
        }
    }

    /// <summary>The timestep of a level as the reference counts it.</summary>
    public float TimestepOf(NoiseLevel level) => Config.IsFlow ? level.Timestep * Config.NumTrainTimesteps : level.Timestep;

    /// <summary>Runs the sampler with answers that are given in the order of the evaluations.</summary>
    /// <param name="noise">Unit normal noise.</param>
    /// <param name="answers">What the network says, <c>[E, B, C, h, w]</c>.</param>
    /// <param name="stepNoise">What is drawn on the way.</param>
    /// <returns>What the network was given, and the samples after each evaluation, both <c>[E, B, C, h, w]</c>.</returns>
    public (torch.Tensor Inputs, torch.Tensor Latents) Run(torch.Tensor noise, torch.Tensor answers, INoiseSource stepNoise)
    {
        var (inputs, latents) = (torch.empty_like(answers), torch.empty_like(answers));
        var evaluation = 0;
        var final = Sampler.Sample(
            noise.Times(Schedule.InitialScale),
            Schedule,
            (x, _, level) =>
            {
                if (evaluation > 0)
                    latents[evaluation - 1].copy_(x);
                inputs[evaluation].copy_(Config.IsFlow ? x : x.DividedBy(level.Scale));
                return Schedule.ToData(answers[evaluation++], x, level);
            },
            stepNoise
        );
        latents[^1].copy_(final);
        return (inputs, latents);
    }
}
