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

    /// <summary>Begins or continues a training.</summary>
    /// <param name="output">The folder of the training: the world itself, the stages' runs and their records.</param>
    /// <param name="seed">The seed of everything that is drawn.</param>
    public WorldTraining(string output, long seed)
    {
        this.output = output;
        this.seed = seed;
        Folder = WorldOf(output);
        Ablations = AblationsOf(output);
        Folder.WriteConfigurations();
        Ablations.WriteDetectorConfiguration();
    }

    /// <summary>The stages' names, in their order.</summary>
    public static IReadOnlyList<string> Stages { get; } = [.. WorldStage.All.Select(static stage => stage.Name)];

    /// <summary>The world in the folder of a training.</summary>
    /// <param name="output">The folder.</param>
    public static WorldFolder WorldOf(string output) => new(Path.Combine(output, "world"));

    /// <summary>What is trained for measurements only, in the folder of a training.</summary>
    /// <param name="output">The folder.</param>
    public static WorldFolder AblationsOf(string output) => new(Path.Combine(output, "ablations"));

    /// <summary>The world's folder.</summary>
    public WorldFolder Folder { get; }

    /// <summary>What is trained for measurements only: the detector before its tuning, and the aligners of the ablations.</summary>
    public WorldFolder Ablations { get; }

    /// <summary>How a stage ended, or null when it has not.</summary>
    /// <param name="stage">The stage's name.</param>
    public StageRecord? FindRecord(string stage) => File.Exists(RecordFile(stage)) ? ConfigFile.Read<StageRecord>(RecordFile(stage)) : null;

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
        if (WorldStage.All[index].BuildsOn.FirstOrDefault(earlier => FindRecord(earlier) is not { FailedGates.Count: 0 }) is { } missing)
            throw new ImgAlignException($"Stage {stage} builds on stage {missing}, which has not passed yet; run that one first.");

        using var stack = SignalStack.Enlarge();
        var definition = WorldStage.All[index];
        var watch = Stopwatch.StartNew();
        var outcome = definition.Run(
            new StageContext(
                Folder,
                Ablations,
                Path.Combine(output, "runs"),
                stage,
                SeedSequence.At(seed, definition.Number),
                steps,
                progress,
                cancellationToken
            )
        );
        var record = new StageRecord(
            stage,
            seed,
            outcome.Steps,
            Math.Round(watch.Elapsed.TotalSeconds, 1),
            torch.get_num_threads(),
            outcome.Metrics,
            [.. definition.Gates.Where(gate => !gate.Passes(outcome.Metrics)).Select(static gate => gate.Metric)],
            Folder.HashWeights()
        );
        Directory.CreateDirectory(Path.GetDirectoryName(RecordFile(stage))!);
        JsonFile.Write(RecordFile(stage), record);
        return record;
    }

    private string RecordFile(string stage) => Path.Combine(output, "records", stage + ".json");
}
