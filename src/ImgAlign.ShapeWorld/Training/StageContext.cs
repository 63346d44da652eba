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
    IProgress<TrainingProgress>? Progress,
    CancellationToken CancellationToken
)
{
    /// <summary>The folder of this stage's run.</summary>
    public string RunFolder => RunFolderOf(Stage);

    /// <summary>The folder of another stage's run.</summary>
    public string RunFolderOf(string stage) => Path.Combine(Runs, stage);
}

/// <summary>What came out of a stage.</summary>
/// <param name="Steps">The optimiser's steps; 0 where nothing is trained.</param>
/// <param name="Metrics">What was measured at its end.</param>
internal sealed record StageOutcome(long Steps, IReadOnlyDictionary<string, double> Metrics);
