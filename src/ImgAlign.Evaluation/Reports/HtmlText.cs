using System.Globalization;
using System.Net;

namespace ImgAlign.Evaluation.Reports;

/// <summary>Parts of a page.</summary>
internal static class HtmlText
{
    /// <summary>A text with the marks of HTML escaped.</summary>
    public static string Escape(string text) => WebUtility.HtmlEncode(text);

    /// <summary>A table that sorts by its heads, in a frame that scrolls on narrow screens.</summary>
    public static string Table(IEnumerable<string> heads, IEnumerable<IEnumerable<string>> rows) =>
        "<div class=\"wide\"><table><thead>"
        + Row(heads, "th")
        + "</thead><tbody>"
        + string.Concat(rows.Select(static row => Row(row, "td")))
        + "</tbody></table></div>";

    /// <summary>A paragraph.</summary>
    public static string Paragraph(string text) => $"<p>{Escape(text)}</p>";

    /// <summary>A number with four significant digits; a dash where there is none.</summary>
    public static string Number(double value) => double.IsNaN(value) ? "–" : value.ToString("G4", CultureInfo.InvariantCulture);

    /// <summary>An interval.</summary>
    public static string Interval((double Low, double High) interval) => $"{Number(interval.Low)} to {Number(interval.High)}";

    private static string Row(IEnumerable<string> cells, string tag) =>
        $"<tr>{string.Concat(cells.Select(cell => $"<{tag}>{Escape(cell)}</{tag}>"))}</tr>";
}
