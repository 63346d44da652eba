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
public static class EvaluationReport
{
    private const int Shown = 40;  // prompts with pictures, as they come: nothing is chosen

    private const string Style = """
        <style>body{font-family:sans-serif;max-width:70em;margin:2em auto}table{border-collapse:collapse;margin:1em 0}td,th{padding:.2em .8em;text-align:right;border-bottom:1px solid #ddd}
        td:first-child,th:first-child{text-align:left}img{width:96px;height:96px;image-rendering:pixelated}.right{outline:3px solid #2a2}.wrong{outline:3px solid #c22}figure{display:inline-block;margin:.5em;text-align:center;font-size:.8em}</style>
        """;

    /// <summary>Writes the file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="evaluation">What was measured.</param>
    /// <param name="options">How.</param>
    /// <param name="arms">The ways to generate.</param>
    public static void Write(string path, WorldEvaluation evaluation, EvaluationOptions options, IReadOnlyList<EvaluationArm> arms)
    {
        var html = new StringBuilder("<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>ShapeWorld</title>").Append(Style).Append("<h1>ShapeWorld: what the method adds</h1>");
        html.Append(CultureInfo.InvariantCulture, $"<p>{options.Prompts} prompts, half of them with pairs of objects that were never trained on; seed {options.Seed}, {options.Steps} steps, guidance {options.Guidance}, image prompt at scale {options.Scale}. Judged by formulas. No choice was made among the prompts or pictures shown.</p>");
        html.Append("<h2>Right pictures</h2>").Append(Shares(arms, evaluation.HeldOut)).Append(Plot(arms));
        html.Append("<h2>Prompt by prompt</h2><p>Exact two-sided sign test; 95% interval of the share of wins among wins and losses (Clopper and Pearson).</p>").Append(Comparisons(WorldEvaluation.Compare(arms)));
        html.Append("<h2>Pictures</h2>").Append(Pictures(evaluation.Prompts, arms)).Append("</html>");
        AtomicFile.Write(path, file => file.Write(Encoding.UTF8.GetBytes(html.ToString())));
    }

    private static string Shares(IReadOnlyList<EvaluationArm> arms, IReadOnlyList<bool> heldOut)
    {
        (string Name, Func<SceneJudgement, bool> IsRight)[] columns =
        [
            ("first colour", static judgement => judgement.FirstColor), ("first shape", static judgement => judgement.FirstShape), ("second colour", static judgement => judgement.SecondColor),
            ("second shape", static judgement => judgement.SecondShape), ("relation", static judgement => judgement.Relation), ("two objects", static judgement => judgement.ObjectCount),
        ];
        var rows = arms.Select(arm => Row(
        [
            arm.Name, arm.Generations.ToString(CultureInfo.InvariantCulture), Percent(arm.Right),
            Percent(arm.Right.Where((_, index) => !heldOut[index])), Percent(arm.Right.Where((_, index) => heldOut[index])), .. columns.Select(column => Percent(arm.Judgements.Select(column.IsRight))),
        ], "td"));
        return $"<table>{Row(["", "generations", "all right", "seen pairs", "held-out pairs", .. columns.Select(static column => column.Name)], "th")}{string.Concat(rows)}</table>";
    }

    private static string Comparisons(IEnumerable<PairedComparison> comparisons)
    {
        var rows = comparisons.Select(static comparison => Row(
        [
            $"{comparison.Name} against {comparison.Baseline}", Text($"{comparison.Wins}"), Text($"{comparison.Ties}"), Text($"{comparison.Losses}"), Text($"{comparison.PValue:0.0e+0}"),
            Text($"{comparison.WinShareInterval.Low:0.00} to {comparison.WinShareInterval.High:0.00}"),
        ], "td"));
        return $"<table>{Row(["", "wins", "ties", "losses", "p", "wins among decided"], "th")}{string.Concat(rows)}</table>";
    }

    private static string Plot(IReadOnlyList<EvaluationArm> arms)
    {
        var model = new PlotModel { Title = "wholly right, in percent" };
        var names = new CategoryAxis { Position = AxisPosition.Left };
        names.Labels.AddRange(arms.Select(static arm => arm.Name));
        var bars = new BarSeries { FillColor = OxyColors.SteelBlue };
        bars.Items.AddRange(arms.Select(static arm => new BarItem(100 * Share(arm.Right))));
        model.Axes.Add(names);
        model.Axes.Add(new LinearAxis { Position = AxisPosition.Bottom, Minimum = 0, Maximum = 100 });
        model.Series.Add(bars);
        return new SvgExporter { Width = 800, Height = 300, IsDocument = false }.ExportToString(model);
    }

    private static string Pictures(IReadOnlyList<string> prompts, IReadOnlyList<EvaluationArm> arms) => string.Concat(prompts.Take(Shown).Select((prompt, index) =>
    {
        var figures = arms.Select(arm =>
            $"<figure><img class=\"{(arm.Right[index] ? "right" : "wrong")}\" src=\"data:image/png;base64,{Convert.ToBase64String(ImageFile.EncodePng(arm.Images[index]))}\" alt=\"\"><figcaption>{arm.Name}</figcaption></figure>");
        return $"<h3>{WebUtility.HtmlEncode(prompt)}</h3>{string.Concat(figures)}";
    }));

    private static string Row(IEnumerable<string> cells, string tag) => $"<tr>{string.Concat(cells.Select(cell => $"<{tag}>{WebUtility.HtmlEncode(cell)}</{tag}>"))}</tr>";

    private static string Percent(IEnumerable<bool> right) => Text($"{100 * Share(right):0.0}");

    private static double Share(IEnumerable<bool> right) => right.Select(static value => value ? 1.0 : 0).DefaultIfEmpty().Average();

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
