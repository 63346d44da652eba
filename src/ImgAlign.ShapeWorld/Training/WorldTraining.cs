using System.Diagnostics;
using ImgAlign.Checkpoints;
using ImgAlign.Runtime;
using ImgAlign.Sampling;
using ImgAlign.ShapeWorld.Models;
using ImgAlign.Training;
using TorchSharp;

namespace ImgAlign.ShapeWorld.Training;

/// <summary>
/// Trains the world stage by stage, from a seed. Each stage reads what the ones before it left, continues where it was interrupted, and is
/// measured on scenes that it was not trained on: what does not pass its gate is not built upon.
/// </summary>
public sealed class WorldTraining
{
    private readonly string output;
    private readonly long seed;
    private readonly WorldFolder describing;

    /// <summary>Begins or continues a training.</summary>
    /// <param name="output">The folder of the training: the world itself, the stages' runs and their records.</param>
    /// <param name="seed">The seed of everything that is drawn.</param>
    /// <param name="hasGates">Whether a stage must reach what the next one needs. Without, and with steps in place of a stage's own, training is cut
    /// short: measurements are made on a few samples.</param>
    public WorldTraining(string output, long seed, bool hasGates = true)
    {
        this.output = output;
        this.seed = seed;
        HasGates = hasGates;
        Folder = WorldOf(output);
        Ablations = AblationsOf(output);
        describing = new WorldFolder(Path.Combine(output, "describing"));
        Folder.WriteConfigurations();
        Ablations.WriteDetectorConfiguration();
        describing.WriteDetectorConfiguration();
    }

    /// <summary>The stages' names, in their order.</summary>
    public static IReadOnlyList<string> Stages { get; } = [.. WorldStage.All.Select(static stage => stage.Name)];

    /// <summary>The world in the folder of a training.</summary>
    /// <param name="output">The folder.</param>
    public static WorldFolder WorldOf(string output) => new(Path.Combine(output, "world"));

    /// <summary>What ablations need, in the folder of a training.</summary>
    /// <param name="output">The folder.</param>
    public static WorldFolder AblationsOf(string output) => new(Path.Combine(output, "ablations"));

    /// <summary>Whether a stage must reach what the next one needs.</summary>
    public bool HasGates { get; }

    /// <summary>The world's folder.</summary>
    public WorldFolder Folder { get; }

    /// <summary>What ablations need: the detector before its tuning, and their aligners.</summary>
    public WorldFolder Ablations { get; }

    /// <summary>How a stage ended, or null when it has not.</summary>
    /// <param name="stage">The stage's name.</param>
    /// <exception cref="ImgAlignException">It was trained from another seed.</exception>
    public StageRecord? FindRecord(string stage)
    {
        if (!File.Exists(RecordFile(stage)))
            return null;
        var record = ConfigFile.Read<StageRecord>(RecordFile(stage));
        return record.Seed == seed
            ? record
            : throw new ImgAlignException($"{output} holds a training of seed {record.Seed}; go on with that, or choose another folder.");
    }

    /// <summary>The stages that can begin: those that have not passed, and all that they build on has.</summary>
    /// <param name="withAblations">Whether what is trained for measurements only is among them.</param>
    public IReadOnlyList<string> FindReady(bool withAblations) =>
        [
            .. WorldStage
                .All.Where(stage => withAblations || !stage.IsAblation)
                .Where(stage => !HasPassed(stage.Name) && stage.BuildsOn.All(HasPassed))
                .Select(static stage => stage.Name),
        ];

    /// <summary>SHA-256 of all weights of the world, in the order of their files' names.</summary>
    public string HashWeights() => Folder.HashWeights();

    private bool HasPassed(string stage) => FindRecord(stage) is { } record && (record.FailedGates.Count == 0 || !HasGates);

    /// <summary>Trains a stage to its end. On the calling thread, which libtorch's settings belong to.</summary>
    /// <param name="stage">The stage's name.</param>
    /// <param name="steps">The optimiser's steps in place of the stage's own; null for those.</param>
    /// <param name="progress">Is told of every step.</param>
    /// <param name="cancellationToken">Ends the training after its current step; it can be continued.</param>
    /// <returns>The stage's record, which is also written.</returns>
    /// <exception cref="ImgAlignException">There is no such stage, one that it builds on has not passed, or training diverges.</exception>
    public StageRecord Run(
        string stage,
        long? steps = null,
        IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        var index = Stages.ToList().IndexOf(stage);
        if (index < 0)
            throw new ImgAlignException($"There is no stage '{stage}'; the stages are {string.Join(", ", Stages)}.");
        var definition = WorldStage.All[index];
        if (definition.BuildsOn.FirstOrDefault(earlier => !HasPassed(earlier)) is { } missing)
            throw new ImgAlignException($"Stage {stage} builds on stage {missing}, which has not passed yet; run that one first.");
        if (FindRecord(stage) is { } done && steps > done.Steps && FindBuiltOn(stage) is { } later)
            throw new ImgAlignException(
                $"Stage {later} was trained on what stage {stage} has been after {done.Steps} steps; choose another folder to train it for "
                    + "longer."
            );

        using var stack = SignalStack.Enlarge();
        var watch = Stopwatch.StartNew();
        var outcome = definition.Run(
            new StageContext(
                Folder,
                describing,
                Ablations,
                Path.Combine(output, "runs"),
                stage,
                SeedSequence.At(seed, definition.Number),
                steps,
                IsCutShort: steps is not null && !HasGates,
                progress,
                cancellationToken
            )
        );
        var record = new StageRecord
        {
            Stage = stage,
            Seed = seed,
            Steps = outcome.Steps,
            Seconds = Math.Round(watch.Elapsed.TotalSeconds, 1),
            Threads = torch.get_num_threads(),
            Metrics = outcome.Metrics,
            FailedGates = [.. definition.Gates.Where(gate => !gate.Passes(outcome.Metrics)).Select(static gate => gate.Metric)],
        };
        Directory.CreateDirectory(Path.GetDirectoryName(RecordFile(stage))!);
        JsonFile.Write(RecordFile(stage), record);
        return record;
    }

    private string? FindBuiltOn(string stage) =>
        WorldStage.All.FirstOrDefault(later => later.BuildsOn.Contains(stage) && FindRecord(later.Name) is not null)?.Name;

    private string RecordFile(string stage) => Path.Combine(output, "records", stage + ".json");
}
