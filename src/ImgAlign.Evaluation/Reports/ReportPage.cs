using System.Globalization;
using System.Text;
using ImgAlign.Checkpoints;
using ImgAlign.Evaluation.Running;
using static ImgAlign.Evaluation.Reports.HtmlText;

namespace ImgAlign.Evaluation.Reports;

/// <summary>
/// A report as one page that needs no network: tables, plots, failures, and all pictures as thumbnails, which link to the full ones beside
/// the page.
/// </summary>
internal static class ReportPage
{
    /// <summary>Writes the page.</summary>
    /// <param name="path">The file, in the evaluation's folder.</param>
    /// <param name="result">What was measured.</param>
    public static void Write(string path, EvaluationResult result)
    {
        var page = $"""
            <!DOCTYPE html>
            <html lang="en">
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Evaluation</title>
            <style>{Resource("report.css")}</style>
            <h1>Evaluation</h1>
            {Introduction(result)}
            <h2>Arms</h2>
            {Means(result)}
            {Categories(result)}
            {OwnMeans(result)}
            <h2>Comparisons</h2>
            {Comparisons(result)}
            <section class="cost"><h2>Cost</h2>{Costs(result)}</section>
            <h2>Failures</h2>
            {Failures(result)}
            <h2>Pictures</h2>
            <form id="filter">
            <label>Order <select id="order"></select></label>
            <label>Category <select id="category"></select></label>
            <label>Prompt <input id="search" type="search"></label>
            <label><input id="failed" type="checkbox"> failures only</label>
            </form>
            <p><button id="back" type="button">Back</button> <span id="place"></span> <button id="next" type="button">Next</button></p>
            <div id="pictures"></div>
            <script type="application/json" id="data">{ReportData.Write(result)}</script>
            <script>{Resource("report.js")}</script>
            </html>
            """;
        AtomicFile.Write(path, file => file.Write(Encoding.UTF8.GetBytes(page)));
    }

    private static string Introduction(EvaluationResult result)
    {
        var prompts = result.Options.Prompts;
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"{prompts.Count} prompts, {prompts.Sum(static prompt => prompt.Seeds.Count)} pictures of each arm, {result.Arms.Count} arms. "
        );
        List<string> decisions =
        [
            .. result
                .Arms.Where(static arm => arm.DecidedBy is not null)
                .GroupBy(static arm => arm.DecidedBy)
                .Select(static arms => $"{string.Join(", ", arms.Select(static arm => arm.Name))} by {arms.Key}"),
        ];
        if (result.Gate is { } gate && result.Arms.Any(static arm => arm.NeedsGate))
            decisions.Add(
                $"{(decisions.Count > 0 ? "other arms" : "arms")} with a choice by {string.Join(", ", gate.Scorers)} ({gate.Description})"
            );
        text +=
            decisions.Count > 0
                ? $"Decided: {string.Join("; ", decisions)}. By the scorer that decided, an arm looks better than it is; go by the others."
                : "No scorer decided anything.";
        foreach (var (scorer, judge) in result.Judges)
            text += $" {scorer} is judged by {judge}.";
        if (result.Judges.Count > 0 && result.Options.Benchmark?.OfficialJudge is { } official)
            text += $" Published numbers of {result.Options.Benchmark.Name} are judged by {official}: others are not comparable with them.";
        if (result.PicturesInTiles > 0)
            text +=
                $" {Count(result.PicturesInTiles)} pictures were decoded in tiles because memory was short, which changes them a little: "
                + "compare them with others only with care, or make all alike with VaeTiling Always or Never.";
        if (result.LeftOut.Count > 0)
            text += $" Left out, since no scorer decides: {string.Join(", ", result.LeftOut)}.";
        return Paragraph(text);
    }

    private static string Means(EvaluationResult result)
    {
        var rows = result.Arms.Select(arm =>
            new[] { arm.Name, arm.Generations.ToString(CultureInfo.InvariantCulture) }.Concat(
                result
                    .Scorers.Select(scorer => result.ScoresOf(arm, scorer))
                    .Select(static scores => $"{Number(scores.Mean)} ({Interval(scores.MeanInterval)})")
            )
        );
        var plots = result.Scorers.Select(scorer =>
            ReportPlots.Intervals(
                $"{scorer}: mean with 95% interval",
                [
                    .. from arm in result.Arms
                    let scores = result.ScoresOf(arm, scorer)
                    where scores.Count > 0
                    let interval = scores.MeanInterval
                    select (arm.Name, scores.Mean, interval.Low, interval.High),
                ]
            )
        );
        return Paragraph(
                "Mean scores over prompts, with 95% intervals by the bootstrap over prompts. Generations: how often the base model "
                    + "runs for a picture."
            )
            + Table(["arm", "generations", .. result.Scorers], rows)
            + string.Concat(plots);
    }

    private static string Categories(EvaluationResult result)
    {
        var categories = result.Options.Prompts.Select(static prompt => prompt.Category).OfType<string>().Distinct().ToList();
        if (categories.Count == 0)
            return "";
        var rows =
            from scorer in result.Scorers
            from arm in result.Arms
            select new[] { scorer, arm.Name }.Concat(categories.Select(category => Number(result.ScoresOf(arm, scorer, category).Mean)));
        return "<h3>By category</h3>" + Table(["scorer", "arm", .. categories], rows);
    }

    private static string OwnMeans(EvaluationResult result)
    {
        if (result.Options.Benchmark is not { } benchmark)
            return "";
        var means =
            from scorer in result.Scorers
            from arm in result.Arms
            let pictures = result.Pictures.Where(picture => picture.Arm == arm && picture.Scores.ContainsKey(scorer)).ToList()
            where pictures.Count > 0
            select (Scorer: scorer, Arm: arm.Name, Pictures: pictures.Count, Means: benchmark.Means(pictures, scorer));
        var rows = means.Where(static row => row.Means.Count > 0).ToList();
        // An arm's pictures, and with them its means, are in an order of their own, and some may be missing.
        var names = rows.SelectMany(static row => row.Means).Select(static mean => mean.Name).Distinct().ToList();
        return rows.Count == 0
            ? ""
            : $"<h3>As {Escape(benchmark.Name)} counts</h3>"
                + Paragraph("The means of the benchmark's own script, quirks included; pictures without a score are left out.")
                + Table(
                    ["scorer", "arm", "pictures", .. names],
                    rows.Select(row =>
                        new[] { row.Scorer, row.Arm, Count(row.Pictures) }.Concat(names.Select(name => Number(MeanOf(name, row.Means))))
                    )
                );
    }

    private static double MeanOf(string name, IReadOnlyList<(string Name, double Value)> means) =>
        means.Where(mean => mean.Name == name).Select(static mean => mean.Value).FirstOrDefault(double.NaN);

    private static string Comparisons(EvaluationResult result)
    {
        var rows = result.Comparisons.Select(static comparison =>
            new[]
            {
                $"{comparison.Arm.Name} against {comparison.Baseline.Name}",
                comparison.Scorer,
                comparison.IsComputeMatched ? "yes" : "no",
                Count(comparison.Scores.Wins),
                Count(comparison.Scores.Ties),
                Count(comparison.Scores.Losses),
                comparison.Scores.WrongInBaseline is { } wrong ? $"{Count(comparison.Scores.Wins)} of {Count(wrong)}" : "–",
                $"{Number(comparison.Scores.WinRateHalfTies)} ({Interval(comparison.Scores.WinRateHalfTiesInterval)})",
                $"{Number(comparison.Scores.MeanDifference)} ({Interval(comparison.Scores.MeanDifferenceInterval)})",
                Number(comparison.Scores.PValue),
                Number(comparison.CorrectedPValue),
            }
        );
        return Paragraph(
                "Prompt by prompt, over the prompts of which both arms have all pictures. p: exact two-sided sign test of wins against "
                    + "losses. The corrected p counts all comparisons of this table (Holm): under 0.05 there, fewer than one evaluation in "
                    + "twenty has any such line by chance. Intervals: 95%, by the bootstrap over prompts. Made right: wins among what the "
                    + "other arm has wrong, by scorers that say 1 for right and 0 for wrong."
            )
            + Table(
                [
                    "arms",
                    "scorer",
                    "same cost",
                    "wins",
                    "ties",
                    "losses",
                    "made right",
                    "win rate, a tie as half",
                    "mean difference",
                    "p",
                    "corrected p",
                ],
                rows
            );
    }

    private static string Costs(EvaluationResult result)
    {
        var costs = result
            .Arms.Select(arm =>
                (Arm: arm, Seconds: result.Pictures.Where(picture => picture.Arm == arm).Average(static picture => picture.Seconds))
            )
            .ToList();
        var machines = result.Pictures.Select(static picture => picture.Picture?.Batch.Cost.Machine).OfType<string>().Distinct().Order();
        (string Axis, Func<(EvaluationArm Arm, double Seconds), double> Of)[] axes =
        [
            ("generations", static cost => cost.Arm.Generations),
            ("seconds a picture", static cost => cost.Seconds),
        ];
        var plots =
            from scorer in result.Scorers
            from axis in axes
            select ReportPlots.Points(
                $"{scorer}: cost against quality, with 95% intervals",
                axis.Axis,
                [
                    .. from cost in costs
                    let scores = result.ScoresOf(cost.Arm, scorer)
                    where scores.Count > 0
                    let interval = scores.MeanInterval
                    select (cost.Arm.Name, axis.Of(cost), scores.Mean, interval.Low, interval.High),
                ]
            );
        return Paragraph(
                "Seconds of computation for a picture, what arms share counted in each, choosing included. Machines: "
                    + $"{string.Join(", ", machines)}."
            )
            + Table(
                ["arm", "generations", "seconds a picture"],
                costs.Select(static cost => new[] { cost.Arm.Name, Count(cost.Arm.Generations), Number(cost.Seconds) })
            )
            + string.Concat(plots);
    }

    private static string Failures(EvaluationResult result)
    {
        var failed = result.Pictures.Where(static picture => picture.Failure is not null).ToList();
        return failed.Count == 0
            ? Paragraph("None.")
            : Paragraph($"{Count(failed.Count)} pictures or scores are missing; comparisons leave their prompts out.")
                + Table(
                    ["prompt", "arm", "why"],
                    failed.Select(static picture => new[] { picture.Item.Prompt.Prompt, picture.Arm.Name, picture.Failure! })
                );
    }

    private static string Count(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Resource(string name)
    {
        using var stream = typeof(ReportPage).Assembly.GetManifestResourceStream($"ImgAlign.Evaluation.Reports.{name}")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
