using ImgAlign.Evaluation.Reports;
using ImgAlign.Evaluation.Running;
using ImgAlign.Evaluation.Statistics;

namespace ImgAlign.Evaluation;

/// <summary>The pictures and scores of an evaluation, and what follows from them.</summary>
public sealed class EvaluationResult
{
    private readonly Lazy<IReadOnlyList<ArmComparison>> comparisons;

    internal EvaluationResult(
        EvaluationOptions options,
        IReadOnlyList<EvaluatedPicture> pictures,
        IReadOnlyList<string> scorers,
        IAcceptance? gate,
        IReadOnlyList<string> leftOut
    )
    {
        (Options, Pictures, Scorers, Gate, LeftOut) = (options, pictures, scorers, gate, leftOut);
        Arms = [.. options.Matrix.Arms.Where(arm => !leftOut.Contains(arm.Name))];
        comparisons = new(Compare);
    }

    /// <summary>The arms that could not run since no scorer decides.</summary>
    public IReadOnlyList<string> LeftOut { get; }

    /// <summary>How many pictures or scores are missing.</summary>
    public int Failures => Pictures.Count(static picture => picture.Failure is not null);

    /// <summary>The comparisons of arms, by every scorer; their p-values are corrected for how many there are.</summary>
    public IReadOnlyList<ArmComparison> Comparisons => comparisons.Value;

    internal EvaluationOptions Options { get; }

    internal IReadOnlyList<EvaluationArm> Arms { get; }

    internal IReadOnlyList<EvaluatedPicture> Pictures { get; }

    internal IReadOnlyList<string> Scorers { get; }

    internal IAcceptance? Gate { get; }

    /// <summary>Writes all scores as <c>scores.jsonl</c> and <c>scores.parquet</c>, and the page <c>report.html</c>, into the evaluation's
    /// folder.</summary>
    /// <returns>The page's file.</returns>
    /// <exception cref="IOException">A file cannot be written; an older one is as it was.</exception>
    public string WriteReport()
    {
        foreach (var unfinished in Directory.EnumerateFiles(Options.Folder, "*.part")) // of a run that was killed at this point
            File.Delete(unfinished);
        ScoreFiles.Write(this);
        var page = Path.Combine(Options.Folder, "report.html");
        ReportPage.Write(page, this);
        return page;
    }

    /// <summary>An arm's scores by one scorer.</summary>
    internal ArmScores ScoresOf(EvaluationArm arm, string scorer, string? category = null) =>
        new(Pictures.Where(picture => picture.Arm == arm && (category is null || picture.Item.Prompt.Category == category)), scorer);

    /// <summary>A file of a picture as links of the report have it.</summary>
    internal string LinkTo(string file) => Path.GetRelativePath(Options.Folder, file).Replace('\\', '/');

    private IReadOnlyList<ArmComparison> Compare()
    {
        var found =
            from scorer in Scorers
            from pair in Options.Matrix.Pairs
            where Arms.Contains(pair.Arm) && Arms.Contains(pair.Baseline)
            let scores = ScoresOf(pair.Arm, scorer).CompareWith(ScoresOf(pair.Baseline, scorer))
            where scores is not null
            select (pair.Arm, pair.Baseline, Scorer: scorer, Scores: scores);
        var all = found.ToList();
        var corrected = HolmCorrection.Apply([.. all.Select(static comparison => comparison.Scores.PValue)]);
        return [.. all.Zip(corrected, static (one, p) => new ArmComparison(one.Arm, one.Baseline, one.Scorer, one.Scores, p))];
    }
}
