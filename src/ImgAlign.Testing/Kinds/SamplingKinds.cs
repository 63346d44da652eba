using System.Text.Json;
using ImgAlign.Sampling;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>Kinds about noise, noise levels and samplers.</summary>
internal static class SamplingKinds
{
    public static void Add(GoldenRunner runner) =>
        runner
            .Add("euler-schedule", Euler)
            .Add("sampler-run", Run)
            .Add("sampler-schedule", Schedules)
            .Add("sampler-add-noise", AddNoise)
            .Add("sampler-strength", Strengths)
            .Add("flow-sampler", Flow)
            .Add("randn", Randn);

    private static Dictionary<string, torch.Tensor> Euler(GoldenCase golden, torch.Device device)
    {
        var run = SamplerCase.Of(SchedulerConfig.FromJson(golden.Options.GetProperty("scheduler_config"), golden.Folder), golden.Options);
        var outputs = Levels(run);
        if (!golden.Inputs.ContainsKey("model_outputs"))
            return outputs;
        (outputs["scaled"], outputs["latents"]) = Sample(run, golden, device);
        return outputs;
    }

    private static Dictionary<string, torch.Tensor> Run(GoldenCase golden, torch.Device device)
    {
        var run = SamplerCase.Of(golden.Options, golden);
        var outputs = Levels(run);
        (outputs["model_inputs"], outputs["latents"]) = Sample(run, golden, device);
        return outputs;
    }

    private static Dictionary<string, torch.Tensor> Schedules(GoldenCase golden, torch.Device device)
    {
        var outputs = new Dictionary<string, torch.Tensor>();
        foreach (var options in golden.Options.GetProperty("runs").EnumerateArray())
        {
            var (name, run) = (options.GetProperty("name").GetString(), SamplerCase.Of(options, golden));
            outputs[$"{name}.timesteps"] = run.Timesteps;
            if (run.Sigmas is { } sigmas)
                outputs[$"{name}.sigmas"] = sigmas;
        }
        return outputs;
    }

    private static Dictionary<string, torch.Tensor> AddNoise(GoldenCase golden, torch.Device device)
    {
        var run = SamplerCase.Of(golden.Options, golden);
        var (latents, noise) = (golden.Inputs["latents"].to(device), golden.Inputs["noise"].to(device));
        var timesteps = golden.Inputs["timestep"].to(torch.float32).data<float>().ToArray();
        var rows = timesteps.Select((timestep, item) => LevelOf(timestep).Mix(latents.narrow(0, item, 1), noise.narrow(0, item, 1)));
        return new() { ["noisy"] = torch.cat([.. rows]) };

        NoiseLevel LevelOf(float timestep)
        {
            if (golden.Options.TryGetProperty("begin_index", out var begin))
                return run.Evaluations[begin.GetInt32()];
            if (run.Schedule.LevelOf is { } ofTraining)
                return ofTraining((int)timestep);
            // Of two at one timestep the reference takes the second, and the last level where there is none.
            var found = run.Evaluations.Where(level => Math.Abs(run.TimestepOf(level) - timestep) < 1e-3).Take(2).ToList();
            return found.Count > 0 ? found[^1] : run.Evaluations[^1];
        }
    }

    private static Dictionary<string, torch.Tensor> Strengths(GoldenCase golden, torch.Device device)
    {
        var outputs = new Dictionary<string, torch.Tensor>();
        foreach (var options in golden.Options.GetProperty("runs").EnumerateArray())
        {
            var run = SamplerCase.Of(options, golden);
            var timesteps = run.Evaluations.Select(run.TimestepOf).ToArray();
            var perStep = run.Sampler.Kind == SamplerKind.Heun ? 2 : 1;
            var skipped = options.TryGetProperty("denoising_start", out var start)
                ? SkippedBy(start.GetDouble(), run, timesteps)
                : perStep * FirstStep(options, run.Schedule.Steps);
            outputs[$"{options.GetProperty("name").GetString()}.timesteps"] = torch.tensor(timesteps[skipped..]);
        }
        return outputs;

        static int FirstStep(JsonElement options, int steps)
        {
            var strength = options.GetProperty("strength").GetDouble();
            return options.GetProperty("pipeline").GetString() == "flux"
                ? FlowMatchSchedule.FirstStep(steps, strength)
                : DiffusionSchedule.FirstStep(steps, strength);
        }

        // A refiner's part: it goes on from timesteps below a share of training, with Heun from the middle of a step.
        static int SkippedBy(double start, SamplerCase run, float[] timesteps)
        {
            var trained = run.Config.NumTrainTimesteps;
            var count = timesteps.Count(timestep => timestep < Math.Round(trained - start * trained));
            return timesteps.Length - (run.Sampler.Kind == SamplerKind.Heun && count % 2 == 0 ? count + 1 : count);
        }
    }

    private static Dictionary<string, torch.Tensor> Flow(GoldenCase golden, torch.Device device)
    {
        var run = SamplerCase.Of(golden.ReadScheduler(), golden.Options);
        var (answers, latents) = (golden.Inputs["velocity"].to(device), golden.Inputs["latents"].to(device));
        var (_, samples) = run.Run(latents, answers, new GivenNoise());
        return new(Levels(run)) { ["latents"] = samples };
    }

    private static Dictionary<string, torch.Tensor> Levels(SamplerCase run)
    {
        var outputs = new Dictionary<string, torch.Tensor>
        {
            ["timesteps"] = run.Timesteps,
            ["init_noise_sigma"] = torch.tensor(new[] { (float)run.Schedule.InitialScale }),
        };
        if (run.Sigmas is { } sigmas)
            outputs["sigmas"] = sigmas;
        return outputs;
    }

    private static (torch.Tensor Inputs, torch.Tensor Latents) Sample(SamplerCase run, GoldenCase golden, torch.Device device)
    {
        IEnumerable<torch.Tensor> draws = golden.Inputs.TryGetValue("step_noise", out var given) ? given.to(device).unbind() : [];
        return run.Run(golden.Inputs["noise"].to(device), golden.Inputs["model_outputs"].to(device), new GivenNoise([.. draws]));
    }

    private static Dictionary<string, torch.Tensor> Randn(GoldenCase golden, torch.Device device)
    {
        using var noise = new TorchNoise(golden.Options.GetProperty("seed").GetInt64());
        var keep = golden.Options.GetProperty("keep").GetInt64();
        var outputs = new Dictionary<string, torch.Tensor>();
        foreach (var shape in golden.Options.GetProperty("shapes").EnumerateArray())
        {
            var draw = noise.Draw([.. shape.EnumerateArray().Select(size => size.GetInt64())]).flatten();
            outputs[$"{outputs.Count}"] = draw.narrow(0, 0, Math.Min(keep, draw.shape[0]));
        }
        return outputs;
    }
}
