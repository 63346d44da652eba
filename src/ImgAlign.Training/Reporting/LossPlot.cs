using System.Text.Json;
using ImgAlign.Checkpoints;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace ImgAlign.Training.Reporting;

/// <summary>Draws a run's loss, step by step and smoothed, and that of held-out samples in red, as an SVG that any browser shows.</summary>
internal static class LossPlot
{
    private const int MostPoints = 2000;

    /// <summary>Draws the loss of a metrics file.</summary>
    /// <param name="metricsPath">The file <c>metrics.jsonl</c>.</param>
    /// <param name="plotPath">The file to write.</param>
    public static void Write(string metricsPath, string plotPath)
    {
        var lines = MetricsLog
            .Read(metricsPath)
            .Where(static line => line.TryGetProperty("loss", out var loss) && loss.ValueKind == JsonValueKind.Number)
            .ToLookup(
                static line => line.GetProperty("kind").GetString(),
                static line => new DataPoint(MetricsLog.StepOf(line), line.GetProperty("loss").GetDouble())
            );
        var (trained, heldOut) = (lines["train"].ToList(), lines["evaluation"].ToList());
        if (trained.Count == 0)
            return;
        var model = new PlotModel { Title = "loss", Background = OxyColors.White };
        model.Axes.Add(new LinearAxis { Position = AxisPosition.Bottom, Title = "step" });
        model.Axes.Add(
            trained.Concat(heldOut).All(static point => point.Y > 0)
                ? new LogarithmicAxis { Position = AxisPosition.Left }
                : new LinearAxis { Position = AxisPosition.Left }
        );
        model.Series.Add(Line(trained, OxyColors.LightSteelBlue));
        model.Series.Add(Line(Smooth(trained), OxyColors.DarkBlue));
        if (heldOut.Count > 0)
            model.Series.Add(Line(heldOut, OxyColors.OrangeRed));
        AtomicFile.Write(plotPath, file => new SvgExporter { Width = 900, Height = 500 }.Export(model, file));
    }

    private static LineSeries Line(List<DataPoint> points, OxyColor color)
    {
        var series = new LineSeries { Color = color, StrokeThickness = 1.5 };
        var stride = (points.Count + MostPoints - 1) / MostPoints;
        series.Points.AddRange(points.Where((_, index) => index % stride == 0));
        return series;
    }

    // An average that forgets over a fiftieth of the run.
    private static List<DataPoint> Smooth(List<DataPoint> points)
    {
        var weight = 1 / Math.Max(1, points.Count / 50.0);
        var mean = points[0].Y;
        return [.. points.Select(point => new DataPoint(point.X, mean += weight * (point.Y - mean)))];
    }
}
