using System.Globalization;
using System.Text;
using OxyPlot;
using OxyPlot.Annotations;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace ImgAlign.Evaluation.Reports;

/// <summary>The plots of a report, as pictures in the page.</summary>
internal static class ReportPlots
{
    private const int Width = 900; // pixels
    private const double NamesWidth = 7.5; // pixels a letter: the exporter cannot measure text

    /// <summary>A dot with its interval for each name; nothing if there are none.</summary>
    /// <param name="title">What is shown.</param>
    /// <param name="values">Names, values and intervals, from top to bottom.</param>
    public static string Intervals(string title, IReadOnlyList<(string Name, double Value, double Low, double High)> values)
    {
        if (values.Count == 0)
            return "";
        var model = new PlotModel
        {
            Title = title,
            TitleFontSize = 14,
            PlotMargins = new OxyThickness(20 + NamesWidth * values.Max(static value => value.Name.Length), double.NaN, 20, double.NaN),
        };
        var names = new CategoryAxis
        {
            Position = AxisPosition.Left,
            StartPosition = 1,
            EndPosition = 0,
        };
        names.Labels.AddRange(values.Select(static value => value.Name));
        model.Axes.Add(names);
        model.Axes.Add(Numbers(AxisPosition.Bottom));
        var intervals = new IntervalBarSeries
        {
            FillColor = OxyColors.SteelBlue,
            BarWidth = 0.1,
            StrokeThickness = 0,
            LabelFormatString = null,
        };
        var dots = new ScatterSeries
        {
            MarkerType = MarkerType.Circle,
            MarkerFill = OxyColors.Black,
            MarkerSize = 4,
        };
        foreach (var (place, (_, value, low, high)) in values.Index())
        {
            intervals.Items.Add(new IntervalBarItem(low, high) { CategoryIndex = place });
            dots.Points.Add(new ScatterPoint(value, place));
        }
        model.Series.Add(intervals);
        model.Series.Add(dots);
        return Export(model, 90 + 30 * values.Count);
    }

    /// <summary>A point for each name, with the name beside it; nothing if there are none.</summary>
    /// <param name="title">What is shown.</param>
    /// <param name="across">What is shown from left to right.</param>
    /// <param name="values">Names and values.</param>
    public static string Points(string title, string across, IReadOnlyList<(string Name, double Across, double Up)> values)
    {
        if (values.Count == 0)
            return "";
        var model = new PlotModel { Title = title, TitleFontSize = 14 };
        var bottom = Numbers(AxisPosition.Bottom);
        (bottom.Title, bottom.Minimum, bottom.MaximumPadding) = (across, 0, 0.3); // with room for the last name
        model.Axes.Add(bottom);
        model.Axes.Add(Numbers(AxisPosition.Left));
        var dots = new ScatterSeries
        {
            MarkerType = MarkerType.Circle,
            MarkerFill = OxyColors.SteelBlue,
            MarkerSize = 5,
        };
        foreach (var (name, x, y) in values)
        {
            dots.Points.Add(new ScatterPoint(x, y));
            model.Annotations.Add(
                new TextAnnotation
                {
                    Text = name,
                    TextPosition = new DataPoint(x, y),
                    TextHorizontalAlignment = HorizontalAlignment.Left,
                    TextVerticalAlignment = VerticalAlignment.Middle,
                    Offset = new ScreenVector(8, 0),
                    StrokeThickness = 0,
                }
            );
        }
        model.Series.Add(dots);
        return Export(model, 360);
    }

    private static LinearAxis Numbers(AxisPosition position) =>
        new()
        {
            Position = position,
            MajorGridlineStyle = LineStyle.Solid,
            MajorGridlineColor = OxyColors.Gainsboro,
            MinimumPadding = 0.08,
            MaximumPadding = 0.08,
        };

    // A picture of its own, for the exporter gives the parts of all plots the same names.
    private static string Export(PlotModel model, int height)
    {
        (model.Culture, model.DefaultFont) = (CultureInfo.InvariantCulture, "sans-serif");
        var svg = new SvgExporter { Width = Width, Height = height }.ExportToString(model);
        var address = $"data:image/svg+xml;base64,{Convert.ToBase64String(Encoding.UTF8.GetBytes(svg))}";
        return $"<img class=\"plot\" alt=\"{HtmlText.Escape(model.Title)}\" src=\"{address}\">";
    }
}
