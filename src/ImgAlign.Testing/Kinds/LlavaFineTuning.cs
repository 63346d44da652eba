using ImgAlign.Checkpoints;
using ImgAlign.Networks.Llava;
using ImgAlign.Testing.Golden;
using ImgAlign.Training.Detector;
using ImgAlign.Training.Optimization;
using TorchSharp;
using TorchSharp.Modules;
using AdamW = ImgAlign.Training.Optimization.AdamW;

namespace ImgAlign.Testing.Kinds;

/// <summary>Supervised fine-tuning of LLaVA on (image, question, answer), as IMG fine-tunes its detector (IMG, section 3.2 and A.3): kind
/// <c>llava-sft</c>.</summary>
internal static class LlavaFineTuning
{
    public static void Add(GoldenRunner runner) => runner.Add("llava-sft", Train);

    private static Dictionary<string, torch.Tensor> Train(GoldenCase golden, torch.Device device)
    {
        using var network = LlavaKinds.LoadNetwork(golden, device);
        var options = golden.Options.GetProperty("optimizer");
        if (options.GetProperty("name").GetString() is not "AdamW" and var name)
            throw new ImgAlignException($"Optimizer '{name}' is not known to this version of ImgAlign; AdamW is.");
        using var trained = new TrainedParameters(Parameters(golden, network));
        using var optimizer = new AdamW(trained.Tensors, trained.Gradients, TrainingKinds.ReadAdamW(options));
        using var gradients = torch.enable_grad();

        var outputs = new Dictionary<string, torch.Tensor>();
        var losses = new List<float>();
        for (var step = 0; step < options.GetProperty("steps").GetInt32(); step++)
        {
            using var scope = torch.NewDisposeScope();
            trained.ZeroGradients();
            var loss = ComputeLoss();
            losses.Add(loss.item<float>());
            loss.backward();
            if (step == 0)
                RecordGradients(trained, outputs);
            optimizer.Step(options.GetProperty("lr").GetDouble());
        }
        losses.Add(ComputeLoss().item<float>());
        outputs["losses"] = torch.tensor(losses.ToArray());
        foreach (var (path, parameter) in trained.Names.Zip(trained.Tensors))
            outputs["final." + path] = parameter.detach().clone();
        return outputs;

        torch.Tensor ComputeLoss() =>
            InstructionLoss.Compute(
                network,
                golden.Inputs["input_ids"],
                golden.Inputs["labels"],
                golden.Inputs.GetValueOrDefault("pixel_values")?.to(device)
            );
    }

    private static void RecordGradients(TrainedParameters trained, Dictionary<string, torch.Tensor> outputs)
    {
        foreach (var (path, gradient) in trained.Names.Zip(trained.Gradients))
            outputs["grad." + path] = gradient.clone().MoveToOuterDisposeScope();
        outputs["grad_norms"] = torch.stack(trained.Gradients.Select(static gradient => gradient.norm())).MoveToOuterDisposeScope();
    }

    private static Dictionary<string, Parameter> Parameters(GoldenCase golden, LlavaModel network)
    {
        using var checkpoint = Checkpoint.Open(golden.CheckpointPath!);
        using var tower = golden.PathOption("vision_tower") is { } path ? Checkpoint.Open(path) : null;
        var byName = LlavaWeights
            .Parts(network, checkpoint, tower)
            .SelectMany(part =>
                ModuleParameters
                    .Enumerate(part.Part)
                    .Select(parameter => (Name: part.Map.Resolve(parameter.Path).Names[0], Parameter: parameter.Value))
            )
            .ToDictionary(pair => pair.Name, pair => pair.Parameter);
        return golden
            .Options.GetProperty("parameters")
            .EnumerateArray()
            .Select(static name => name.GetString()!)
            .ToDictionary(static name => name, name => byName[name]);
    }
}
