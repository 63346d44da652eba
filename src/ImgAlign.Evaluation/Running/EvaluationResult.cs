using ImgAlign.Checkpoints;
using ImgAlign.Evaluation.Benchmarks;
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
        IReadOnlyDictionary<string, string> judges,
        IAcceptance? gate,
        IReadOnlyList<string> leftOut
    )
    {
        (Options, Pictures, Scorers, Judges, Gate, LeftOut) = (options, pictures, scorers, judges, gate, leftOut);
        Arms = [.. options.Matrix.Arms.Where(arm => !leftOut.Contains(arm.Name))];
        comparisons = new(Compare);
    }

    /// <summary>The arms that could not run since no scorer decides.</summary>
    public IReadOnlyList<string> LeftOut { get; }

    /// <summary>How many pictures or scores are missing.</summary>
    public int Failures => Pictures.Count(static picture => picture.Failure is not null);

    /// <summary>How many pictures were decoded tile by tile because memory was short: they are a little different from what they would be
    /// with more.</summary>
    public int PicturesInTiles => Pictures.Count(static picture => picture.Picture?.Stored.InTiles == true);

    /// <summary>The comparisons of arms, by every scorer; their p-values are corrected for how many there are.</summary>
    public IReadOnlyList<ArmComparison> Comparisons => comparisons.Value;

    internal EvaluationOptions Options { get; }

    internal IReadOnlyList<EvaluationArm> Arms { get; }

    internal IReadOnlyList<EvaluatedPicture> Pictures { get; }

    internal IReadOnlyList<string> Scorers { get; }

    /// <summary>The names of the models that judge for scorers, by the scorers' names.</summary>
    internal IReadOnlyDictionary<string, string> Judges { get; }

    internal IAcceptance? Gate { get; }

    /// <summary>Writes all scores as <c>scores.jsonl</c> and <c>scores.parquet</c>, and the page <c>report.html</c>, into the evaluation's
    /// folder.</summary>
    /// <returns>The page's file.</returns>
    /// <exception cref="IOException">A file cannot be written; an older one is as it was.</exception>
    public string WriteReport()
    {
        // Of a run that was killed at this point.
        foreach (var name in new[] { "scores.jsonl", "scores.parquet", "report.html" })
            AtomicFile.DeleteUnfinished(Options.Folder, name);
        ScoreFiles.Write(this);
        var page = Path.Combine(Options.Folder, "report.html");
        ReportPage.Write(page, this);
        return page;
    }

    /// <summary>Writes all pictures on one sheet, <c>contact-sheet.html</c> in the evaluation's folder: a row a prompt, a column an arm.
    /// </summary>
    /// <returns>The page's file.</returns>
    /// <exception cref="IOException">The file cannot be written; an older one is as it was.</exception>
    public string WriteContactSheet()
    {
        var page = Path.Combine(Options.Folder, "contact-sheet.html");
        ContactSheetPage.Write(page, this);
        return page;
    }

    /// <summary>Writes the pictures of each arm as the benchmark's official evaluator reads them, into a folder for each, which takes the
    /// place of an earlier export.</summary>
    /// <param name="folder">The folder of the arms' folders.</param>
    /// <exception cref="ImgAlignException">The prompts are of no benchmark, a picture is missing, two arms would share a folder, an arm's
    /// folder holds what is no part of the export, or the evaluator could not read the pictures; the arm's folder is as it was.</exception>
    public void Export(string folder)
    {
        var benchmark = RequireBenchmark();
        var missing = Pictures.FirstOrDefault(static picture => picture.Picture is null);
        if (missing is not null)
            throw new ImgAlignException(
                $"'{missing.Item.Prompt.Prompt}' has no picture of {missing.Arm.Name} ({missing.Failure!.TrimEnd('.')}), and evaluators "
                    + "need all; run the same command again, or change the prompt."
            );
        var shared = Arms.GroupBy(static arm => FileName(arm.Name), StringComparer.OrdinalIgnoreCase)
            .FirstOrDefault(static arms => arms.Count() > 1);
        if (shared is not null)
            throw new ImgAlignException(
                $"The arms {string.Join(" and ", shared.Select(static arm => $"'{arm.Name}'"))} would be exported into one folder, "
                    + $"{shared.Key}; rename one of them."
            );
        foreach (var arm in Arms)
            ExportedFolder.Replace(
                Path.GetFullPath(Path.Combine(folder, FileName(arm.Name))),
                (unfinished, target) => benchmark.Export([.. Pictures.Where(picture => picture.Arm == arm)], unfinished, target)
            );
    }

    /// <summary>The same result with the scores of the benchmark's official evaluator beside the others.</summary>
    /// <param name="arm">The name of the arm that was evaluated.</param>
    /// <param name="path">The evaluator's result file, or the folder with it.</param>
    /// <exception cref="ImgAlignException">The prompts are of no benchmark, there is no such arm, the file cannot be read, or it has no
    /// score of a picture.</exception>
    public EvaluationResult Import(string arm, string path)
    {
        var benchmark = RequireBenchmark();
        if (Arms.All(known => known.Name != arm))
            throw new ImgAlignException(
                $"There is no arm '{arm}'; there are {string.Join(", ", Arms.Select(static known => known.Name))}."
            );
        var evaluated = Pictures.Where(picture => picture.Arm.Name == arm).ToList();
        var scores = evaluated.Zip(benchmark.Import(path, evaluated)).ToDictionary();
        var made = evaluated.Where(picture => picture.Picture is not null && benchmark.Scores(picture.Item.Prompt)).ToList();
        var unscored = made.Where(picture => scores[picture] is null).ToList();
        if (unscored.Count > 0)
            throw new ImgAlignException(
                $"{path}: {unscored.Count} of {made.Count} pictures of {arm} have no score in it, '{unscored[0].Item.Prompt.Prompt}' for "
                    + "one; give the results of all pictures that --export wrote."
            );
        var scorer = $"{benchmark.Name}, official";
        var pictures = Pictures.Select(picture =>
            scores.GetValueOrDefault(picture) is { } imported
                ? picture with
                {
                    Scores = new Dictionary<string, double>(picture.Scores) { [scorer] = imported.Score },
                    Answers = imported.Answers is { } answers
                        ? new Dictionary<string, IReadOnlyList<double>>(picture.Answers) { [scorer] = answers }
                        : picture.Answers,
                }
                : picture
        );
        return new EvaluationResult(Options, [.. pictures], [.. Scorers.Union([scorer])], Judges, Gate, LeftOut);
    }

    /// <summary>An arm's scores by one scorer.</summary>
    internal ArmScores ScoresOf(EvaluationArm arm, string scorer, string? category = null) =>
        new(Pictures.Where(picture => picture.Arm == arm && (category is null || picture.Item.Prompt.Category == category)), scorer);

    /// <summary>A file of a picture as links of the report have it.</summary>
    internal string LinkTo(string file) => Path.GetRelativePath(Options.Folder, file).Replace('\\', '/');

    private Benchmark RequireBenchmark() =>
        Options.Benchmark ?? throw new ImgAlignException("These prompts are of no benchmark, whose evaluator could be meant; name it.");

    // No dot at the beginning: '..' would be another folder.
    private static string FileName(string arm) =>
        string.Concat(
            arm.Select(static (letter, index) => char.IsLetterOrDigit(letter) || letter is '-' || letter is '.' && index > 0 ? letter : '_')
        );

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
