using System.Text.Json;
using ImgAlign.Checkpoints;
using ImgAlign.Training.Optimization;
using TorchSharp;

namespace ImgAlign.Training.State;

/// <summary>
/// Everything that the next steps of a run depend on: weights, optimiser, average, counters, and what the task keeps. Random numbers follow
/// from the seed and the position in the data, and have no state of their own.
/// </summary>
internal sealed class TrainingState(
    IReadOnlyList<string> names,
    AdamW optimizer,
    WeightAverage? average,
    ITrainingTask task,
    TrainerOptions options
)
{
    private const string Weights = "weights.safetensors";
    private const string AveragedWeights = "weights-average.safetensors";
    private const string Tensors = "state.safetensors";
    private const string Numbers = "state.json";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>The steps done.</summary>
    public long Step { get; set; }

    /// <summary>The place of the next sample in the order of the data.</summary>
    public long Position { get; set; }

    /// <summary>Samples that cannot be used, by their place in the data set, and why.</summary>
    public Dictionary<int, string> Skipped { get; private set; } = [];

    /// <summary>Writes all files. <c>state.json</c> comes last.</summary>
    public void Write(string folder)
    {
        using var scope = torch.NewDisposeScope();
        SafetensorsWriter.Write(Path.Combine(folder, Weights), Named("", optimizer.Weight), task.Metadata);
        if (average is not null)
            SafetensorsWriter.Write(Path.Combine(folder, AveragedWeights), Named("", index => average.Averages[index]), task.Metadata);
        var tensors = Named("exp_avg.", optimizer.Average)
            .Concat(Named("exp_avg_sq.", optimizer.Square))
            .Concat(task.SaveState().Select(pair => KeyValuePair.Create("task." + pair.Key, pair.Value)));
        SafetensorsWriter.Write(Path.Combine(folder, Tensors), tensors.ToDictionary());
        var counters = new Counters(
            Step,
            Position,
            optimizer.Steps,
            options.Seed,
            options.Shuffle,
            options.BatchSize,
            task.SampleCount,
            options.AverageDecay,
            Skipped
        );
        AtomicFile.Write(Path.Combine(folder, Numbers), file => JsonSerializer.Serialize(file, counters, Json));
    }

    /// <summary>Takes all of it back.</summary>
    /// <exception cref="ImgAlignException">The checkpoint belongs to another run.</exception>
    public void Read(string folder)
    {
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var counters = JsonSerializer.Deserialize<Counters>(File.ReadAllText(Path.Combine(folder, Numbers)), Json)!;
        Require("seed", counters.Seed, options.Seed);
        Require("shuffle", counters.Shuffle, options.Shuffle);
        Require("batch size", counters.BatchSize, options.BatchSize);
        Require("number of samples", counters.SampleCount, task.SampleCount);
        Require("average's decay", counters.AverageDecay, options.AverageDecay);

        Copy(Path.Combine(folder, Weights), "", optimizer.Weight);
        optimizer.RoundParameters();
        if (average is not null)
            Copy(Path.Combine(folder, AveragedWeights), "", index => average.Averages[index]);
        var path = Path.Combine(folder, Tensors);
        Copy(path, "exp_avg.", optimizer.Average);
        Copy(path, "exp_avg_sq.", optimizer.Square);
        using var state = Checkpoint.Open(path);
        const string own = "task.";
        task.LoadState(
            state
                .Tensors.Keys.Where(name => name.StartsWith(own, StringComparison.Ordinal))
                .ToDictionary(name => name[own.Length..], state.Read)
        );
        (Step, Position, Skipped, optimizer.Steps) = (counters.Step, counters.Position, counters.Skipped, counters.OptimizerSteps);

        void Require<T>(string what, T then, T now)
        {
            if (!Equals(then, now))
                throw new ImgAlignException(
                    $"{folder}: the run was begun with the {what} {then}, but now it is {now}; continue it with the same "
                        + "configuration, or begin another in another folder."
                );
        }
    }

    private Dictionary<string, torch.Tensor> Named(string prefix, Func<int, torch.Tensor> tensor) =>
        names.Index().ToDictionary(pair => prefix + pair.Item, pair => tensor(pair.Index));

    // Into the tensors that are there: their memory, and with it the order in which kernels add, stays as it is in a run from the start.
    private void Copy(string path, string prefix, Func<int, torch.Tensor> target)
    {
        using var checkpoint = Checkpoint.Open(path);
        foreach (var (index, name) in names.Index())
        {
            if (!checkpoint.Tensors.TryGetValue(prefix + name, out var info) || !info.Shape.SequenceEqual(target(index).shape))
                throw new CheckpointException(
                    path,
                    "is not there, or has another shape; the run was begun with another network.",
                    prefix + name
                );
            target(index).copy_(checkpoint.Read(prefix + name));
        }
    }

    private sealed record Counters(
        long Step,
        long Position,
        long OptimizerSteps,
        long Seed,
        bool Shuffle,
        int BatchSize,
        int SampleCount,
        double? AverageDecay,
        Dictionary<int, string> Skipped
    );
}
