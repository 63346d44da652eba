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
    private const double NumbersWidth = 60;
    private const double Padding = 0.08; // of what an axis shows
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

    /// <summary>A point with its interval for each name, with the name beside it; nothing if there are none.</summary>
    /// <param name="title">What is shown.</param>
    /// <param name="across">What is shown from left to right.</param>
    /// <param name="values">Names, values, and intervals from below to above.</param>
    public static string Points(
        string title,
        string across,
        IReadOnlyList<(string Name, double Across, double Up, double Low, double High)> values
    )
    {
        if (values.Count == 0)
            return "";
        var model = new PlotModel
        {
            Title = title,
            TitleFontSize = 14,
            PlotMargins = new OxyThickness(NumbersWidth, double.NaN, 20, double.NaN),
        };
        var bottom = Numbers(AxisPosition.Bottom);
        (bottom.Title, bottom.Minimum, bottom.MaximumPadding) = (across, 0, 0.3); // with room for the last name
        model.Axes.Add(bottom);
        var left = Numbers(AxisPosition.Left);
        (left.Minimum, left.Maximum) = Padded(values.Min(static value => value.Low), values.Max(static value => value.High));
        model.Axes.Add(left);
        var dots = new ScatterSeries
        {
            MarkerType = MarkerType.Circle,
            MarkerFill = OxyColors.SteelBlue,
            MarkerSize = 5,
        };
        var intervals = new ScatterErrorSeries { MarkerType = MarkerType.None, ErrorBarColor = OxyColors.LightSteelBlue };
        foreach (var (_, x, y, low, high) in values)
        {
            intervals.Points.Add(new ScatterErrorPoint(x, (low + high) / 2, 0, high - low));
            dots.Points.Add(new ScatterPoint(x, y));
        }
        // Arms that share a place share a text.
        foreach (var place in values.GroupBy(static value => (value.Across, value.Up)))
        {
            model.Annotations.Add(
                new TextAnnotation
                {
                    Text = string.Join(", ", place.Select(static value => value.Name)),
                    TextPosition = new DataPoint(place.Key.Across, place.Key.Up),
                    TextHorizontalAlignment = HorizontalAlignment.Left,
                    TextVerticalAlignment = VerticalAlignment.Middle,
                    Offset = new ScreenVector(8, 0),
                    StrokeThickness = 0,
                }
            );
        }
        model.Series.Add(intervals);
        model.Series.Add(dots);
        return Export(model, 360);
    }

    private static (double Low, double High) Padded(double low, double high)
    {
        var padding = high > low ? Padding * (high - low) : 1;
        return (low - padding, high + padding);
    }

    private static LinearAxis Numbers(AxisPosition position) =>
        new()
        {
            Position = position,
            MajorGridlineStyle = LineStyle.Solid,
            MajorGridlineColor = OxyColors.Gainsboro,
            MinimumPadding = Padding,
            MaximumPadding = Padding,
        };

    // A picture of its own, for the exporter gives the parts of all plots the same names.
    private static string Export(PlotModel model, int height)
    {
        (model.Culture, model.DefaultFont) = (CultureInfo.InvariantCulture, "sans-serif");
        var svg = new SvgExporter { Width = Width, Height = height }.ExportToString(model);
        var address = $"data:image/svg+xml;base64,{Convert.ToBase64String(Encoding.UTF8.GetBytes(svg))}";
        return $"<div class=\"wide\"><img class=\"plot\" alt=\"{HtmlText.Escape(model.Title)}\" src=\"{address}\"></div>";
    }
}
