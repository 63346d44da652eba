using System.Text.Json;
using ImgAlign.Sampling;
using ImgAlign.Testing.Golden;
using ImgAlign.Training.Diffusion;
using ImgAlign.Training.Optimization;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>The pieces around a training run: optimiser, clipping, schedule, and the losses of diffusion models.</summary>
internal static class TrainingKinds
{
    public static void Add(GoldenRunner runner) =>
        runner
            .Add("adamw", Optimize)
            .Add("clip-grad-norm", Clip)
            .Add("cosine-warmup", Schedule)
            .Add("ddpm-loss", Denoise)
            .Add("flow-loss", Flow);

    /// <summary>The optimiser's constants in a case's options.</summary>
    internal static AdamWOptions ReadAdamW(JsonElement options) =>
        new()
        {
            Beta1 = options.GetProperty("betas")[0].GetDouble(),
            Beta2 = options.GetProperty("betas")[1].GetDouble(),
            Epsilon = options.GetProperty("eps").GetDouble(),
            WeightDecay = options.GetProperty("weight_decay").GetDouble(),
        };

    /// <summary>A number, or null where the option is null or absent.</summary>
    internal static double? OptionalNumber(JsonElement options, string name) =>
        options.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;

    private static Dictionary<string, torch.Tensor> Optimize(GoldenCase golden, torch.Device device)
    {
        var options = golden.Options;
        var parameters = Numbered(golden, "p").Select(tensor => tensor.to(device).clone()).ToList();
        var given = Numbered(golden, "g").Select(tensor => tensor.to(device)).ToList();
        var gradients = parameters.Select(parameter => torch.zeros_like(parameter)).ToList();
        using var optimizer = new AdamW(parameters, gradients, ReadAdamW(options));
        var outputs = new Dictionary<string, torch.Tensor>();
        for (var step = 0; step < options.GetProperty("steps").GetInt32(); step++)
        {
            foreach (var (gradient, all) in gradients.Zip(given))
                gradient.copy_(all[step]);
            var rates = options.GetProperty("lr_per_step");
            optimizer.Step(rates.ValueKind == JsonValueKind.Array ? rates[step].GetDouble() : options.GetProperty("lr").GetDouble());
            foreach (var (index, parameter) in parameters.Index())
                outputs[$"p{index}.{step + 1}"] = parameter.clone();
        }
        for (var index = 0; index < optimizer.Count; index++)
        {
            outputs[$"exp_avg.{index}"] = optimizer.Average(index).clone();
            outputs[$"exp_avg_sq.{index}"] = optimizer.Square(index).clone();
        }
        return outputs;
    }

    private static Dictionary<string, torch.Tensor> Clip(GoldenCase golden, torch.Device device)
    {
        var gradients = Numbered(golden, "g").Select(tensor => tensor.to(device).clone()).ToList();
        var norm = GradientNorm.Clip(gradients, OptionalNumber(golden.Options, "max_norm"));
        var outputs = gradients.Index().ToDictionary(pair => $"g{pair.Index}", pair => pair.Item);
        outputs["norm"] = torch.tensor(norm);
        return outputs;
    }

    private static Dictionary<string, torch.Tensor> Schedule(GoldenCase golden, torch.Device device)
    {
        var options = golden.Options;
        var total = options.GetProperty("total").GetInt64();
        var warmup = OptionalNumber(options, "warmup_ratio") is { } ratio
            ? LearningRate.WarmupSteps(ratio, total)
            : options.GetProperty("warmup").GetInt64();
        var rates = Enumerable
            .Range(0, (int)total + 3)
            .Select(step =>
                LearningRate.Cosine(step, options.GetProperty("lr").GetDouble(), total, warmup, OptionalNumber(options, "cycles") ?? 0.5)
            );
        return new() { ["lr"] = torch.tensor(rates.ToArray()) };
    }

    private static Dictionary<string, torch.Tensor> Denoise(GoldenCase golden, torch.Device device)
    {
        var config = SchedulerConfig.FromJson(golden.Options, golden.Folder);
        using var objective = new DenoisingObjective(config, device, OptionalNumber(golden.Options, "snr_gamma"));
        var timesteps = golden.Inputs["t"].to(device).to(torch.int64);
        var sample = objective.Noise(golden.Inputs["x0"].to(device), golden.Inputs["noise"].to(device), timesteps);
        var outputs = Derive(golden, sample, device);
        outputs["snr"] = objective.SignalToNoise(timesteps);
        outputs["weight"] = sample.Weight;
        return outputs;
    }

    private static Dictionary<string, torch.Tensor> Flow(GoldenCase golden, torch.Device device)
    {
        var options = golden.Options;
        var objective = new FlowObjective(
            options.GetProperty("logit_mean").GetDouble(),
            options.GetProperty("logit_std").GetDouble(),
            options.GetProperty("shift").GetDouble()
        );
        var times = objective.Times(golden.Inputs["normal"].to(device));
        var outputs = Derive(golden, FlowObjective.Noise(golden.Inputs["x0"].to(device), golden.Inputs["noise"].to(device), times), device);
        outputs["t"] = times;
        return outputs;
    }

    private static Dictionary<string, torch.Tensor> Derive(GoldenCase golden, NoisedSample sample, torch.Device device)
    {
        using var gradients = torch.enable_grad();
        var prediction = golden.Inputs["pred"].to(device).clone().requires_grad_();
        var losses = sample.LossPerSample(prediction);
        var loss = losses.mean();
        loss.backward();
        return new()
        {
            ["x_t"] = sample.Noisy,
            ["target"] = sample.Target,
            ["per_sample"] = losses.detach(),
            ["loss"] = loss.detach(),
            ["grad_pred"] = prediction.grad!,
        };
    }

    private static IEnumerable<torch.Tensor> Numbered(GoldenCase golden, string letter)
    {
        for (var index = 0; golden.Inputs.TryGetValue($"{letter}{index}", out var tensor); index++)
            yield return tensor;
    }
}
