using System.Globalization;
using System.Net;
using System.Text;
using ImgAlign.Checkpoints;
using ImgAlign.Imaging;
using ImgAlign.ShapeWorld.Scenes;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace ImgAlign.ShapeWorld.Evaluation;

/// <summary>One HTML file with all tables, plots and pictures of an evaluation; it needs nothing beside it.</summary>
internal static class EvaluationReport
{
    /// <summary>The prompts whose pictures are shown, as they come.</summary>
    internal const int Shown = 40;

    private const int ShownChanges = 12; // of each kind
    private const double NamesWidth = 290; // pixels, for the longest name of a way: the exporter cannot measure text

    private const string Style = """
        <style>body{font-family:sans-serif;max-width:72em;margin:2em auto;padding:0 1em;line-height:1.4}
        table{border-collapse:collapse;margin:1em 0}
        td,th{padding:.2em .8em;text-align:right;border-bottom:1px solid #ddd}
        td:first-child,th:first-child{text-align:left}
        img{width:96px;height:96px;image-rendering:pixelated}.right{outline:3px solid #2a2}.wrong{outline:3px solid #c22}
        figure{display:inline-block;margin:.5em;text-align:center;font-size:.8em}
        h3{margin:1.2em 0 0;font-size:1em}.critique{margin:0;color:#555}</style>
        """;

    /// <summary>Writes the file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="result">What was measured.</param>
    public static void Write(string path, EvaluationResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        var options = result.Options;
        var html = new StringBuilder("<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>ShapeWorld</title>")
            .Append(Style)
            .Append("<h1>ShapeWorld: what the method adds</h1>");
        html.Append(
            CultureInfo.InvariantCulture,
            $"<p>{options.Prompts} prompts drawn for this measurement, every second one with a pair of objects that was never "
                + $"trained on; seed {options.Seed}, {options.Steps} Euler steps, guidance {options.Guidance}, image prompt at "
                + $"scale {options.Scale}, {options.Passes} passes of the aligner. A picture is right when both colours, both "
                + $"shapes, the relation and the number of objects are, judged by formulas and by nothing that was trained.</p>"
        );
        html.Append(
                "<h2>The claim</h2><p>Two comparisons, named before anything was measured. A win is a prompt that only the "
                    + "first gets right. Exact two-sided sign test; 95% interval of the share of wins among wins and losses "
                    + "(Clopper and Pearson).</p>"
            )
            .Append(Comparisons(result.Claim));
        html.Append("<h2>The method</h2>").Append(Shares(result, result.Method)).Append(Plot(result.Method));
        if (result.Ablations.Count > 0)
            html.Append(
                    "<h2>Ablations</h2><p>Each of them one round. The aligners have the same first weights and were trained on "
                        + "the same pairs in the same order.</p>"
                )
                .Append(Shares(result, [result.Arm(EvaluationResult.Base), result.Arm(EvaluationResult.Round), .. result.Ablations]))
                .Append(Plot([result.Arm(EvaluationResult.Base), result.Arm(EvaluationResult.Round), .. result.Ablations]));
        html.Append("<h2>Passes of the aligner</h2>").Append(Shares(result, result.Passes));
        html.Append("<h2>Further comparisons</h2><p>Their p-values are not corrected for their number.</p>")
            .Append(Comparisons(result.Comparisons));
        html.Append(
            CultureInfo.InvariantCulture,
            $"<h2>What a round mends, and what it breaks</h2><p>The first {ShownChanges} prompts that only the round, and that "
                + $"only the base model gets right.</p>"
        );
        html.Append(Pictures(result, Changes(result, EvaluationResult.Round, EvaluationResult.Base)))
            .Append("<hr>")
            .Append(Pictures(result, Changes(result, EvaluationResult.Base, EvaluationResult.Round)));
        html.Append(
                CultureInfo.InvariantCulture,
                $"<h2>Pictures</h2><p>The first {Shown} prompts, as they come, with the detector's answer about the base "
                    + $"model's picture. Green is right, red is wrong.</p>"
            )
            .Append(Pictures(result, Enumerable.Range(0, Math.Min(Shown, result.Prompts.Count))))
            .Append("</html>");
        AtomicFile.Write(path, file => file.Write(Encoding.UTF8.GetBytes(html.ToString())));
    }

    private static string Shares(EvaluationResult result, IReadOnlyList<EvaluationArm> arms)
    {
        (string Name, Func<SceneJudgement, bool> IsRight)[] columns =
        [
            ("colours", static judgement => judgement.FirstColor && judgement.SecondColor),
            ("shapes", static judgement => judgement.FirstShape && judgement.SecondShape),
            ("relation", static judgement => judgement.Relation),
            ("two objects", static judgement => judgement.ObjectCount),
        ];
        var rows = arms.Select(arm =>
            Row(
                [
                    arm.Name,
                    Text($"{arm.Generations}"),
                    Percent(arm.Right),
                    Percent(arm.Right.Where((_, index) => !result.Scenes[index].IsHeldOut)),
                    Percent(arm.Right.Where((_, index) => result.Scenes[index].IsHeldOut)),
                    .. columns.Select(column => Percent(arm.Judgements.Select(column.IsRight))),
                ],
                "td"
            )
        );
        string[] heads =
        [
            "in percent",
            "generations",
            "all right",
            "seen pairs",
            "held-out pairs",
            .. columns.Select(static column => column.Name),
        ];
        return $"<table>{Row(heads, "th")}{string.Concat(rows)}</table>";
    }

    private static string Comparisons(IEnumerable<PairedComparison> comparisons)
    {
        var rows = comparisons.Select(static comparison =>
            Row(
                [
                    $"{comparison.Name} against {comparison.Baseline}",
                    Text($"{comparison.Wins}"),
                    Text($"{comparison.Ties}"),
                    Text($"{comparison.Losses}"),
                    Text($"{comparison.PValue:0.0e+0}"),
                    Text($"{comparison.WinShareInterval.Low:0.00} to {comparison.WinShareInterval.High:0.00}"),
                ],
                "td"
            )
        );
        return $"<table>{Row(["", "wins", "ties", "losses", "p", "wins among decided"], "th")}{string.Concat(rows)}</table>";
    }

    // Bars with exact 95% intervals.
    private static string Plot(IReadOnlyList<EvaluationArm> arms)
    {
        var model = new PlotModel
        {
            Title = "wholly right, in percent, with 95% intervals",
            PlotMargins = new OxyThickness(NamesWidth, double.NaN, double.NaN, double.NaN),
            Padding = new OxyThickness(8, 28, 8, 8),
        };
        var names = new CategoryAxis
        {
            Position = AxisPosition.Left,
            StartPosition = 1,
            EndPosition = 0,
        };
        names.Labels.AddRange(arms.Select(static arm => arm.Name));
        var bars = new BarSeries { FillColor = OxyColors.LightSteelBlue };
        var intervals = new IntervalBarSeries
        {
            FillColor = OxyColors.SteelBlue,
            BarWidth = 0.15,
            StrokeThickness = 0,
            LabelFormatString = null,
        };
        foreach (var arm in arms)
        {
            var share = ExactInterval.Of(arm.Right.Count(static right => right), arm.Right.Count);
            bars.Items.Add(new BarItem(100 * Share(arm.Right)));
            intervals.Items.Add(new IntervalBarItem(100 * share.Low, 100 * share.High));
        }
        model.Axes.Add(names);
        model.Axes.Add(
            new LinearAxis
            {
                Position = AxisPosition.Bottom,
                Minimum = 0,
                Maximum = 100,
                MajorGridlineStyle = LineStyle.Solid,
                MajorGridlineColor = OxyColors.Gainsboro,
            }
        );
        model.Series.Add(bars);
        model.Series.Add(intervals);
        return new SvgExporter
        {
            Width = 1000,
            Height = 80 + 32 * arms.Count,
            IsDocument = false,
        }.ExportToString(model);
    }

    private static IEnumerable<int> Changes(EvaluationResult result, string right, string wrong) =>
        Enumerable
            .Range(0, result.Prompts.Count)
            .Where(index => result.Arm(right).Right[index] && !result.Arm(wrong).Right[index])
            .Take(ShownChanges);

    private static string Pictures(EvaluationResult result, IEnumerable<int> indices) =>
        string.Concat(
            indices.Select(index =>
            {
                var figures = result.Method.Select(arm =>
                    $"<figure><img class=\"{(arm.Right[index] ? "right" : "wrong")}\" "
                    + $"src=\"data:image/png;base64,{Convert.ToBase64String(ImageFile.EncodePng(arm.Images[index]))}\" "
                    + $"alt=\"\"><figcaption>{arm.Name}</figcaption></figure>"
                );
                var critique =
                    index < result.Critiques.Count ? $"<p class=\"critique\">“{WebUtility.HtmlEncode(result.Critiques[index])}”</p>" : "";
                return $"<h3>{WebUtility.HtmlEncode(result.Prompts[index])}</h3>{critique}{string.Concat(figures)}";
            })
        );

    private static string Row(IEnumerable<string> cells, string tag) =>
        $"<tr>{string.Concat(cells.Select(cell => $"<{tag}>{WebUtility.HtmlEncode(cell)}</{tag}>"))}</tr>";

    private static string Percent(IEnumerable<bool> right) => Text($"{100 * Share(right):0.0}");

    private static double Share(IEnumerable<bool> right) => right.Select(static value => value ? 1.0 : 0).DefaultIfEmpty().Average();

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
