using System.Text.Json;
using ImgAlign.Checkpoints;
using ImgAlign.Networks.Aligner;
using ImgAlign.Networks.Perceiver;
using ImgAlign.Testing.Golden;
using ImgAlign.Testing.Reference;
using ImgAlign.Training;
using ImgAlign.Training.Aligner;
using ImgAlign.Training.Parallel;
using ImgAlign.Training.Preference;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>The preference objective, its gradients, and whole training runs of the aligner, in one process and in several.</summary>
internal static class PreferenceKinds
{
    public static void Add(GoldenRunner runner) =>
        runner.Add("ipo-loss", Loss).Add("ipo-grad", Gradients).Add("ipo-trajectory", Trajectory).Add("data-parallel", Trajectory);

    private static Dictionary<string, torch.Tensor> Loss(GoldenCase golden, torch.Device device)
    {
        using var gradients = torch.enable_grad();
        var (reference, preferred, rejected) = (
            golden.Inputs["f_ref"].to(device),
            golden.Inputs["c_w"].to(device),
            golden.Inputs["c_l"].to(device)
        );
        var outputs = new Dictionary<string, torch.Tensor>();
        foreach (var (index, lambda) in golden.Options.GetProperty("lambda").EnumerateArray().Index())
        {
            var f = golden.Inputs["f"].to(device).clone().requires_grad_();
            var loss = ReadObjective(golden.Options, lambda.GetDouble()).Compute(f, reference, preferred, rejected);
            loss.Total.backward();
            outputs[$"total_{index}"] = loss.Total.detach();
            outputs[$"grad_f_{index}"] = f.grad!;
            AddTo(outputs, loss);
            outputs["per_sample_w"] = loss.Error.detach();
            outputs["per_sample_w_ref"] = loss.ReferenceError;
            outputs["per_sample_l"] = PreferenceObjective.MeanSquare(rejected - f.detach());
            outputs["per_sample_l_ref"] = PreferenceObjective.MeanSquare(rejected - reference);
            outputs["distance"] = loss.Distance.detach();
        }
        return outputs;
    }

    private static Dictionary<string, torch.Tensor> Gradients(GoldenCase golden, torch.Device device)
    {
        using var gradients = torch.enable_grad();
        using var network = Load("aligner");
        using var reference = Load("reference");
        var parameters = ModuleParameters.Enumerate(network).ToList();
        foreach (var (_, _, _, parameter) in parameters)
            parameter.requires_grad = true;
        var (h, preferred, rejected) = (golden.Inputs["h"].to(device), golden.Inputs["c_w"].to(device), golden.Inputs["c_l"].to(device));
        var (f, fromReference) = (network.call(h, rejected), reference.call(h, rejected));
        var loss = ReadObjective(golden.Options, golden.Options.GetProperty("lambda").GetDouble())
            .Compute(f, fromReference, preferred, rejected);
        loss.Total.backward();
        var outputs = new Dictionary<string, torch.Tensor>
        {
            ["f"] = f.detach(),
            ["f_ref"] = fromReference,
            ["total"] = loss.Total.detach(),
        };
        AddTo(outputs, loss);
        foreach (var (path, _, _, parameter) in parameters)
            outputs["grad." + path] = parameter.grad!.clone();
        return outputs;

        AlignerNetwork Load(string option)
        {
            using var weights = Checkpoint.Open(Path.Combine(golden.CheckpointPath!, golden.Options.GetProperty(option).GetString()!));
            var loaded = AlignerNetwork.FromShapes(weights, golden.Config.GetProperty("dim_head").GetInt32());
            CheckpointBinder.Bind(loaded, weights, AlignerNetwork.Names(weights), device: device);
            return loaded;
        }
    }

    private static Dictionary<string, torch.Tensor> Trajectory(GoldenCase golden, torch.Device device)
    {
        var shards = golden.Options.TryGetProperty("shards", out var value) ? value.GetInt32() : 1;
        return InProcessGroup.Run(shards, group => Train(golden, device, group))[0];
    }

    /// <summary>A whole run, of which this process has its part.</summary>
    /// <param name="golden">The case.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="group">The processes; null: this one alone.</param>
    /// <param name="isSharded">Whether each keeps its part of the optimiser's state only.</param>
    public static Dictionary<string, torch.Tensor> Train(
        GoldenCase golden,
        torch.Device device,
        IProcessGroup? group,
        bool isSharded = false
    )
    {
        using var scope = torch.NewDisposeScope();
        var options = golden.Options;
        using var network = StartNetwork(golden, device);
        var features = new GivenFeatures(golden, device);
        using var task = new AlignerTask(
            network,
            features,
            ReadObjective(options, options.GetProperty("lambda").GetDouble()),
            options.GetProperty("k").GetInt32()
        );
        using var trainer = new Trainer(
            task,
            new TrainerOptions
            {
                Steps = options.GetProperty("steps").GetInt64(),
                BatchSize = options.GetProperty("batch").GetInt32(),
                LearningRate = options.GetProperty("lr").GetDouble(),
                Optimizer = TrainingKinds.ReadAdamW(options),
                MaxGradientNorm = TrainingKinds.OptionalNumber(options, "max_norm"),
                Shuffle = false,
                ShardOptimizer = isSharded,
            },
            group
        );
        var records = new Records(task);
        trainer.Run(progress: records);
        var outputs = records.ToOutputs();
        foreach (var (path, parameter) in task.Parameters)
            outputs["final." + path] = parameter.detach().clone();
        foreach (var output in outputs.Values)
            output.DetachFromDisposeScope();
        return outputs;
    }

    private static AlignerNetwork StartNetwork(GoldenCase golden, torch.Device device)
    {
        const string prefix = "start.";
        var config = golden.Config;
        long Size(string name) => config.GetProperty(name).GetInt64();
        var network = new AlignerNetwork(
            new PerceiverConfig(
                Size("embedding_dim"),
                Size("dim"),
                Size("output_dim"),
                (int)Size("depth"),
                Size("heads"),
                Size("dim_head"),
                Size("dim") * Size("ff_mult")
            ),
            torch.META
        );
        using var noGrad = torch.no_grad();
        foreach (var (path, owner, name, _) in ModuleParameters.Enumerate(network).ToList())
            ModuleParameters.Assign(owner, name, golden.Inputs[prefix + path].to(device).clone());
        return network;
    }

    private static PreferenceObjective ReadObjective(JsonElement options, double lambda) =>
        new(
            lambda,
            options.GetProperty("beta").GetDouble(),
            options.TryGetProperty("dpo_only", out var dpoOnly) && dpoOnly.GetBoolean() ? PreferenceTerms.DpoOnly : PreferenceTerms.Full
        );

    private static void AddTo(Dictionary<string, torch.Tensor> outputs, PreferenceLoss loss)
    {
        outputs["a"] = loss.Margin.detach();
        outputs["base"] = loss.Base.detach();
        outputs["pref"] = loss.Preference.detach();
        outputs["accuracy"] = loss.Accuracy;
    }

    /// <summary>A case's data in a case's order: the samples of the run are the entries of <c>order</c>, one after the other.</summary>
    private sealed class GivenFeatures(GoldenCase golden, torch.Device device) : IPreferenceFeatures
    {
        private readonly long[] order = golden.Inputs["order"].flatten().data<long>().ToArray();

        public int Count => order.Length;

        public string? FindProblem(int index) => null;

        public PreferenceFeatures Read(SampleDraw sample) => new(Row("h", sample), Row("c_w", sample), Row("c_l", sample));

        private torch.Tensor Row(string name, SampleDraw sample) => golden.Inputs[name][order[sample.Index]].to(device);
    }

    private sealed class Records(AlignerTask task) : IProgress<TrainingProgress>
    {
        private static readonly string[] Names = ["base", "pref", "accuracy", "error", "error_ref", "distance", "grad_norm"];
        private readonly List<IReadOnlyDictionary<string, double>> steps = [];
        private readonly List<long> updates = [];

        public void Report(TrainingProgress value)
        {
            steps.Add(value.Metrics);
            if (task.ReferenceUpdates > updates.Count)
                updates.Add(value.Step - 1);
        }

        public Dictionary<string, torch.Tensor> ToOutputs()
        {
            var outputs = Names.ToDictionary(
                name => name,
                name => torch.tensor(steps.Select(step => step.GetValueOrDefault(name)).ToArray())
            );
            outputs["total"] = torch.tensor(steps.Select(step => step.GetValueOrDefault("loss")).ToArray());
            outputs["updates"] = torch.tensor(updates.ToArray());
            return outputs;
        }
    }
}
