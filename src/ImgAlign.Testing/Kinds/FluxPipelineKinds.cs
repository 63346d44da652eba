using System.Text.Json;
using ImgAlign.Networks.Flux;
using ImgAlign.Sampling;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>FLUX's times, steps, whole generations, and a round of IMG with the detector's hidden states given.</summary>
internal static class FluxPipelineKinds
{
    public static void Add(GoldenRunner runner) =>
        runner
            .Add("flux-schedule", Schedule)
            .Add("flow-euler-step", Step)
            .Add("pipeline-flux", Generate)
            .Add("flux-img2img", Continue)
            .Add("pipeline-img-flux", Align);

    private static Dictionary<string, torch.Tensor> Schedule(GoldenCase golden, torch.Device device)
    {
        var config = golden.ReadScheduler();
        var flow = new FlowMatchSchedule(config);
        var outputs = new Dictionary<string, torch.Tensor>();
        foreach (var run in golden.Options.GetProperty("runs").EnumerateArray())
        {
            var imageTokens = run.GetProperty("image_seq_len").GetInt64();
            var (name, schedule) = (run.GetProperty("name").GetString(), Create(flow, run));
            outputs[$"{name}.mu"] = torch.tensor(new[] { flow.Mu(imageTokens) });
            outputs[$"{name}.sigmas"] = Sigmas(schedule);
            outputs[$"{name}.timesteps"] = golden.IsXFlux()
                ? Sigmas(schedule)
                : torch.tensor(schedule.Levels.Select(level => level.Timestep * config.NumTrainTimesteps).ToArray());
        }
        return outputs;
    }

    private static Dictionary<string, torch.Tensor> Step(GoldenCase golden, torch.Device device)
    {
        var options = golden.Options;
        var schedule = Create(new FlowMatchSchedule(golden.ReadScheduler()), options);
        var velocity = golden.Inputs["velocity"].to(device);
        var negative = golden.Inputs.GetValueOrDefault("neg_velocity")?.to(device);
        var start = options.TryGetProperty("timestep_to_start_cfg", out var first) ? first.GetDouble() : 0;
        var latents = torch.empty_like(velocity);
        var guidance = new ClassifierFreeGuidance(
            negative is null ? 1 : options.GetProperty("true_gs").GetDouble(),
            firstStep: (int)Math.Min(start, int.MaxValue)
        );
        var final = Samplers.Euler.Sample(
            golden.Inputs["latents"].to(device),
            schedule,
            (x, step, level) =>
            {
                if (step > 0)
                    latents[step - 1].copy_(x);
                return schedule.ToData(
                    guidance.IsGuided(step, schedule.Steps) ? guidance.Combine(negative![step], velocity[step]) : velocity[step],
                    x,
                    level
                );
            },
            new GivenNoise()
        );
        latents[^1].copy_(final);
        return new()
        {
            ["latents"] = latents,
            ["sigmas"] = Sigmas(schedule),
            ["timesteps"] = Sigmas(schedule),
        };
    }

    private static Dictionary<string, torch.Tensor> Generate(GoldenCase golden, torch.Device device)
    {
        using var flux = new FluxRuns(golden, device);
        var outputs = flux.Outputs(flux.Generate());
        if (flux.Backbone.ReduxPrompt is { } prompt)
        {
            foreach (var (name, value) in ReduxKinds.ToOutputs(prompt))
                outputs[name] = value;
            outputs["txt_ids"] = torch.zeros(prompt.Tokens.shape[1], 3);
        }
        else if (flux.Backbone.ImageFeatures is { } features)
            outputs["image_proj"] = features;
        return outputs;
    }

    private static Dictionary<string, torch.Tensor> Continue(GoldenCase golden, torch.Device device)
    {
        using var flux = new FluxRuns(golden, device);
        var outputs = flux.Outputs(flux.Generate());
        foreach (var (name, value) in flux.Backbone.StartOutputs())
            outputs[name] = value;
        outputs["init_latents"] = LatentPatches.Pack(flux.Backbone.FirstSample);
        return outputs;
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
        foreach (var (name, value) in flux.Outputs([aligned], "aligned_"))
            outputs[name] = value;
        outputs["neg_image_proj"] = flux.Backbone.EncodeUnconditional()!;
        outputs["z0"] = flux.Backbone.ImageFeatures!;
        foreach (var (index, z) in aligner.Passes.Index())
            outputs[$"z{index + 1}"] = z;
        return outputs;
    }

    // FLUX's own times, by its pipelines.
    private static NoiseSchedule Create(FlowMatchSchedule flow, JsonElement options) =>
        flow.Create(
            new SamplingSettings
            {
                Steps = options.GetProperty("steps").GetInt32(),
                Guidance = 1,
                ImagePromptScale = 0,
                Sampler = Samplers.Euler,
            },
            options.GetProperty("image_seq_len").GetInt64()
        );

    private static torch.Tensor Sigmas(NoiseSchedule schedule) =>
        torch.tensor(schedule.Levels.Append(schedule.Ends[^1]).Select(static level => (float)level.Noise).ToArray());
}
