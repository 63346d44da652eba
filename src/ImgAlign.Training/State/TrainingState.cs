using System.Text.Json;
using ImgAlign.Checkpoints;
using ImgAlign.Training.Optimization;
using ImgAlign.Training.Parallel;
using TorchSharp;

namespace ImgAlign.Training.State;

/// <summary>
/// Everything that the next steps of a run depend on: weights, optimiser, average, counters, and what the task keeps. Random numbers follow
/// from the seed and the position in the data, and have no state of their own.
/// </summary>
internal sealed class TrainingState(
    TrainedParameters parameters,
    ParameterShards shards,
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
    private const string TaskPrefix = "task.";

    private const string Weight = "weight";
    private const string AveragedWeight = "average";
    private const string Mean = "exp_avg"; // as PyTorch names AdamW's
    private const string MeanSquare = "exp_avg_sq";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>The steps done.</summary>
    public long Step { get; set; }

    /// <summary>The place of the next sample in the order of the data.</summary>
    public long Position { get; set; }

    /// <summary>Samples that cannot be used, by their place in the data set, and why.</summary>
    public Dictionary<int, string> Skipped { get; private set; } = [];

    /// <summary>What is written of the parameters, by its kind and the number of a piece (<see cref="ParameterShards.Pieces"/>).</summary>
    public IReadOnlyDictionary<string, Func<int, torch.Tensor>> Sources { get; } =
        new Dictionary<string, Func<int, torch.Tensor>>
        {
            [Weight] = optimizer.Weight,
            [AveragedWeight] = index => average!.Averages[index],
            [Mean] = optimizer.Average,
            [MeanSquare] = optimizer.Square,
        };

    /// <summary>Writes all files. <c>state.json</c> comes last.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="whole">Gives one of <see cref="Sources"/> of a whole parameter, by its kind and the parameter's number.</param>
    public void Write(string folder, Func<string, int, torch.Tensor> whole)
    {
        using var scope = torch.NewDisposeScope();
        WriteTensors(Weights, Named("", Weight), task.Metadata);
        if (average is not null)
            WriteTensors(AveragedWeights, Named("", AveragedWeight), task.Metadata);
        var own = task.SaveState()
            .Select(static pair =>
                (new TensorInfo(TaskPrefix + pair.Key, pair.Value.dtype, pair.Value.shape), (Func<torch.Tensor>)pair.Value.alias)
            );
        WriteTensors(Tensors, [.. Named(Mean + ".", Mean), .. Named(MeanSquare + ".", MeanSquare), .. own]);
        var counters = new Counters(
            Step,
            Position,
            optimizer.Steps,
            options.Seed,
            options.Shuffle,
            options.BatchSize,
            task.SampleCount,
            options.AverageDecay,
            Skipped,
            task.Parts
        );
        AtomicFile.Write(Path.Combine(folder, Numbers), file => JsonSerializer.Serialize(file, counters, Json));

        IEnumerable<(TensorInfo Info, Func<torch.Tensor> Read)> Named(string prefix, string kind) =>
            parameters
                .Tensors.Index()
                .Select(pair =>
                    (
                        new TensorInfo(prefix + parameters.Names[pair.Index], AdamW.TypeOfWeight(pair.Item), pair.Item.shape),
                        (Func<torch.Tensor>)(() => whole(kind, pair.Index))
                    )
                );

        void WriteTensors(
            string file,
            IEnumerable<(TensorInfo Info, Func<torch.Tensor> Read)> tensors,
            IReadOnlyDictionary<string, string>? metadata = null
        )
        {
            var byName = tensors.ToDictionary(static tensor => tensor.Info.Name);
            SafetensorsWriter.Write(
                Path.Combine(folder, file),
                byName.Values.Select(static tensor => tensor.Info),
                name => byName[name].Read(),
                metadata
            );
        }
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
        // Runs from before data lay in parts had one.
        if (!task.Parts.SequenceEqual(counters.PartSizes ?? [counters.SampleCount]))
            throw Refusal("with data in parts of other sizes, and so in another order");

        Copy(Path.Combine(folder, Weights), "", optimizer.Weight);
        optimizer.RoundParameters();
        shards.GatherWeights();
        if (average is not null)
            Copy(Path.Combine(folder, AveragedWeights), "", index => average.Averages[index]);
        var path = Path.Combine(folder, Tensors);
        Copy(path, Mean + ".", optimizer.Average);
        Copy(path, MeanSquare + ".", optimizer.Square);
        using var state = Checkpoint.Open(path);
        task.LoadState(
            state
                .Tensors.Keys.Where(name => name.StartsWith(TaskPrefix, StringComparison.Ordinal))
                .ToDictionary(name => name[TaskPrefix.Length..], state.Read)
        );
        (Step, Position, Skipped, optimizer.Steps) = (counters.Step, counters.Position, counters.Skipped, counters.OptimizerSteps);

        void Require<T>(string what, T then, T now)
        {
            if (!Equals(then, now))
                throw Refusal($"with the {what} {then}, but now it is {now}");
        }

        ImgAlignException Refusal(string beginning) =>
            new($"{folder}: the run was begun {beginning}; continue it with the same configuration, or begin another in another folder.");
    }

    // Into the tensors that are there: their memory, and with it the order in which kernels add, stays as it is in a run from the start.
    private void Copy(string path, string prefix, Func<int, torch.Tensor> target)
    {
        using var checkpoint = Checkpoint.Open(path);
        foreach (var (index, piece) in shards.Pieces.Index())
        {
            var name = prefix + parameters.Names[piece.Parameter];
            var shape = parameters.Tensors[piece.Parameter].shape;
            if (!checkpoint.Tensors.TryGetValue(name, out var info) || !info.Shape.SequenceEqual(shape))
                throw new CheckpointException(path, "is not there, or has another shape; the run was begun with another network.", name);
            using var scope = torch.NewDisposeScope();
            target(index).copy_(shards.Cut(piece, checkpoint.Read(name)));
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
        Dictionary<int, string> Skipped,
        IReadOnlyList<int>? PartSizes = null
    );
}
