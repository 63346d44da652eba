using ImgAlign.ShapeWorld.Models;
using ImgAlign.Training;

namespace ImgAlign.ShapeWorld.Training;

/// <summary>What a stage runs with.</summary>
/// <param name="Folder">The world's folder.</param>
/// <param name="Describing">The LLaVA that only describes, in the same layout: what the one that answers begins as.</param>
/// <param name="Ablations">The LLaVA that answers, which the detector begins as, in the same layout, and the ablations' aligners.</param>
/// <param name="Runs">The folder with a folder for each stage's run.</param>
/// <param name="Stage">The stage's name.</param>
/// <param name="Seed">This stage's seed.</param>
/// <param name="Steps">The optimiser's steps in place of the stage's own; null for those.</param>
/// <param name="IsCutShort">Whether the training is one that is only to be tried.</param>
/// <param name="Progress">Is told of every step.</param>
/// <param name="CancellationToken">Ends the stage; it can be continued.</param>
internal sealed record StageContext(
    WorldFolder Folder,
    WorldFolder Describing,
    WorldFolder Ablations,
    string Runs,
    string Stage,
    long Seed,
    long? Steps,
    bool IsCutShort,
    IProgress<TrainingProgress>? Progress,
    CancellationToken CancellationToken
)
{
    /// <summary>The folder of this stage's run.</summary>
    public string RunFolder => RunFolderOf(Stage);

    /// <summary>How many samples are measured on, of each group: in a training that is cut short, enough to measure at all.</summary>
    /// <param name="count">How many make a measurement.</param>
    public int SamplesToMeasure(int count) => IsCutShort ? Math.Min(count, 16) : count;

    /// <summary>The folder of another stage's run.</summary>
    public string RunFolderOf(string stage) => Path.Combine(Runs, stage);
}

/// <summary>What came out of a stage.</summary>
/// <param name="Steps">The optimiser's steps; 0 where nothing is trained.</param>
/// <param name="Metrics">What was measured at its end.</param>
internal sealed record StageOutcome(long Steps, IReadOnlyDictionary<string, double> Metrics);
