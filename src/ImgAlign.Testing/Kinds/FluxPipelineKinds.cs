using ImgAlign.Sampling;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>FLUX's times, steps, whole generations, and a round of IMG with the detector's hidden states given.</summary>
internal static class FluxPipelineKinds
{
    public static void Add(GoldenRunner runner) => runner
        .Add("flux-schedule", Schedule)
        .Add("flow-euler-step", Step)
        .Add("pipeline-flux", Generate)
        .Add("pipeline-img-flux", Align);

    private static FlowMatchConfig ReadConfig(GoldenCase golden)
    {
        if (golden.IsXFlux() || golden.CheckpointPath is not { } folder) return FlowMatchConfig.FluxDev;
        return FlowMatchConfig.Read(Path.Combine(FluxCases.Part(folder, "scheduler"), "scheduler_config.json"));
    }

    private static Dictionary<string, torch.Tensor> Schedule(GoldenCase golden, torch.Device device)
    {
        var config = ReadConfig(golden);
        var flow = new FlowMatchSchedule(config);
        var outputs = new Dictionary<string, torch.Tensor>();
        foreach (var run in golden.Options.GetProperty("runs").EnumerateArray())
        {
            var imageTokens = run.GetProperty("image_seq_len").GetInt64();
            var (name, schedule) = (run.GetProperty("name").GetString(), flow.Create(run.GetProperty("steps").GetInt32(), imageTokens));
            outputs[$"{name}.mu"] = torch.tensor(new[] { flow.Mu(imageTokens) });
            outputs[$"{name}.sigmas"] = Sigmas(schedule);
            outputs[$"{name}.timesteps"] = golden.IsXFlux() ? Sigmas(schedule) : torch.tensor(schedule.Levels.Select(level => level.Timestep * config.NumTrainTimesteps).ToArray());
        }
        return outputs;
    }

    private static Dictionary<string, torch.Tensor> Step(GoldenCase golden, torch.Device device)
    {
        var options = golden.Options;
        var schedule = new FlowMatchSchedule(ReadConfig(golden)).Create(options.GetProperty("steps").GetInt32(), options.GetProperty("image_seq_len").GetInt64());
        var velocity = golden.Inputs["velocity"].to(device);
        var negative = golden.Inputs.GetValueOrDefault("neg_velocity")?.to(device);
        var start = options.TryGetProperty("timestep_to_start_cfg", out var first) ? first.GetDouble() : 0;
        var latents = torch.empty_like(velocity);
        var guidance = new ClassifierFreeGuidance(negative is null ? 1 : options.GetProperty("true_gs").GetDouble(), firstStep: (int)Math.Min(start, int.MaxValue));
        using var noise = new TorchNoise(0);  // Euler's steps add none
        var final = Samplers.Euler.Sample(golden.Inputs["latents"].to(device), schedule, (x, step, _) =>
        {
            if (step > 0) latents[step - 1].copy_(x);
            return guidance.IsGuided(step, schedule.Steps) ? guidance.Combine(negative![step], velocity[step]) : velocity[step].alias();
        }, noise);
        latents[^1].copy_(final);
        return new() { ["latents"] = latents, ["sigmas"] = Sigmas(schedule), ["timesteps"] = Sigmas(schedule) };
    }

    private static Dictionary<string, torch.Tensor> Generate(GoldenCase golden, torch.Device device)
    {
        using var flux = new FluxRuns(golden, device);
        return flux.Outputs(flux.Generate());
    }

    private static Dictionary<string, torch.Tensor> Align(GoldenCase golden, torch.Device device)
    {
        using var flux = new FluxRuns(golden, device);
        using var detector = new GivenDetector(flux.Runtime, golden.Inputs["h"].to(device));
        using var aligner = flux.LoadAligner();
        var outputs = new Dictionary<string, torch.Tensor>();
        if (!golden.Inputs.TryGetValue("base_image", out var baseImage))
        {
            outputs = flux.Outputs(flux.Generate(), "base_");
            baseImage = outputs["base_image"];
        }

        var aligned = flux.Align(baseImage, detector, aligner);
        foreach (var (name, value) in flux.Outputs([aligned], "aligned_")) outputs[name] = value;
        outputs["neg_image_proj"] = flux.Backbone.EncodeUnconditional();
        outputs["z0"] = flux.Backbone.ImageFeatures!;
        foreach (var (index, z) in aligner.Passes.Index()) outputs[$"z{index + 1}"] = z;
        return outputs;
    }

    private static torch.Tensor Sigmas(NoiseSchedule schedule) => torch.tensor(schedule.Levels.Select(static level => level.Sigma).Append(schedule.FinalSigma).ToArray());
}
