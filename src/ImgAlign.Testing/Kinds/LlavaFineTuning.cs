using ImgAlign.Checkpoints;
using ImgAlign.Networks.Llava;
using ImgAlign.Testing.Golden;
using ImgAlign.Training.Detector;
using TorchSharp;
using TorchSharp.Modules;

namespace ImgAlign.Testing.Kinds;

/// <summary>Supervised fine-tuning of LLaVA on (image, question, answer), as IMG fine-tunes its detector (IMG, section 3.2 and A.3): kind <c>llava-sft</c>.</summary>
internal static class LlavaFineTuning
{
    public static void Add(GoldenRunner runner) => runner.Add("llava-sft", Train);

    private static Dictionary<string, torch.Tensor> Train(GoldenCase golden, torch.Device device)
    {
        using var network = LlavaKinds.LoadNetwork(golden, device);
        var trained = TrainedParameters(golden, network);
        foreach (var (_, parameter) in trained) parameter.requires_grad = true;
        var options = ConfigFile.Parse<OptimizerOptions>(golden.Options.GetProperty("optimizer"), golden.Folder);
        using var optimizer = options.Create(trained.Select(pair => pair.Parameter));
        using var gradients = torch.enable_grad();

        var outputs = new Dictionary<string, torch.Tensor>();
        var losses = new List<float>();
        for (var step = 0; step < options.Steps; step++)
        {
            using var scope = torch.NewDisposeScope();
            optimizer.zero_grad();
            var loss = InstructionLoss.Compute(network, golden.Inputs["input_ids"], golden.Inputs["labels"], golden.Inputs.GetValueOrDefault("pixel_values"));
            losses.Add(loss.item<float>());
            loss.backward();
            if (step == 0) RecordGradients(trained, outputs);
            optimizer.step();
        }
        losses.Add(InstructionLoss.Compute(network, golden.Inputs["input_ids"], golden.Inputs["labels"], golden.Inputs.GetValueOrDefault("pixel_values")).item<float>());
        outputs["losses"] = torch.tensor(losses.ToArray());
        foreach (var (name, parameter) in trained) outputs["final." + name] = parameter.detach().clone();
        return outputs;
    }

    private static void RecordGradients(IReadOnlyList<(string Name, Parameter Parameter)> trained, Dictionary<string, torch.Tensor> outputs)
    {
        foreach (var (name, parameter) in trained) outputs["grad." + name] = parameter.grad!.clone().MoveToOuterDisposeScope();
        outputs["grad_norms"] = torch.stack(trained.Select(pair => pair.Parameter.grad!.norm())).MoveToOuterDisposeScope();
    }

    private static List<(string Name, Parameter Parameter)> TrainedParameters(GoldenCase golden, LlavaModel network)
    {
        using var checkpoint = Checkpoint.Open(golden.CheckpointPath!);
        using var tower = golden.PathOption("vision_tower") is { } path ? Checkpoint.Open(path) : null;
        var byName = LlavaWeights.Parts(network, checkpoint, tower)
            .SelectMany(part => ModuleParameters.Enumerate(part.Part).Select(parameter => (Name: part.Map.Resolve(parameter.Path).Names[0], Parameter: parameter.Value)))
            .ToDictionary(pair => pair.Name, pair => pair.Parameter);
        return [.. golden.Options.GetProperty("parameters").EnumerateArray().Select(name => (name.GetString()!, byName[name.GetString()!]))];
    }

    private sealed record OptimizerOptions(string Name, double Lr, double[] Betas, double Eps, double WeightDecay, int Steps)
    {
        public AdamW Create(IEnumerable<Parameter> parameters) => Name == "AdamW"
            ? torch.optim.AdamW(parameters, Lr, Betas[0], Betas[1], Eps, WeightDecay)
            : throw new ImgAlignException($"Optimizer '{Name}' is not known to this version of ImgAlign; AdamW is.");
    }
}
