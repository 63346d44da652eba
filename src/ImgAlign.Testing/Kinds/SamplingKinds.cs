using ImgAlign.Sampling;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>Kinds about noise and noise levels.</summary>
internal static class SamplingKinds
{
    public static void Add(GoldenRunner runner) => runner.Add("euler-schedule", Euler).Add("randn", Randn);

    private static Dictionary<string, torch.Tensor> Euler(GoldenCase golden, torch.Device device)
    {
        var euler = new EulerSchedule(EulerScheduleConfig.FromJson(golden.Options.GetProperty("scheduler_config"), golden.Folder));
        var schedule = euler.Create(golden.Options.GetProperty("steps").GetInt32());
        var outputs = new Dictionary<string, torch.Tensor>
        {
            ["timesteps"] = torch.tensor(schedule.Levels.Select(static level => level.Timestep).ToArray()),
            ["sigmas"] = torch.tensor(schedule.Levels.Select(static level => level.Sigma).Append(schedule.FinalSigma).ToArray()),
            ["init_noise_sigma"] = torch.tensor(new[] { schedule.InitialScale }),
        };
        if (!golden.Inputs.TryGetValue("model_outputs", out var predictions)) return outputs;

        predictions = predictions.to(device);
        var scaled = outputs["scaled"] = torch.empty_like(predictions);
        var latents = outputs["latents"] = torch.empty_like(predictions);
        using var noise = new TorchNoise(0);  // Euler's steps add none
        var final = Samplers.Euler.Sample(golden.Inputs["noise"].to(device).Times(schedule.InitialScale), schedule, (x, step, level) =>
        {
            if (step > 0) latents[step - 1].copy_(x);
            scaled[step].copy_(EulerSchedule.ScaleModelInput(x, level.Sigma));
            return euler.Derivative(predictions[step], x, level.Sigma);
        }, noise);
        latents[^1].copy_(final);
        return outputs;
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
