using System.Globalization;
using System.Text.Json;
using SkiaSharp;

namespace ImgAlign.Imaging;

/// <summary>
/// All pictures of an item's search on one sheet, a row a round, with their numbers, what they came from, and their scores. Lines lead to
/// the picture that one came from. The picture that is kept in the end has a broad green frame, one that was kept for a while a thin one.
/// </summary>
public static class ContactSheet
{
    private const int Side = 208; // of a tile, in pixels
    private const int Gap = 28;
    private const int LineHeight = 18;
    private const int FontSize = 13;

    private static readonly SKColor Kept = new(0x2a, 0xa0, 0x2a);
    private static readonly SKColor Refused = new(0xbb, 0xbb, 0xbb);
    private static readonly Lazy<SKTypeface> Typeface = new(ReadTypeface);

    /// <summary>Draws the sheet.</summary>
    /// <param name="item">The item.</param>
    /// <exception cref="ImgAlignException">The sheet would have more than 178,956,970 pixels.</exception>
    public static RgbImage Draw(AlignedItem item)
    {
        ArgumentNullException.ThrowIfNull(item);
        var rows = item.Candidates.GroupBy(static candidate => candidate.Round).ToList();
        var tileHeight = Side + LineHeight * (1 + item.BaseScores.Count) + Gap;
        var places = rows.SelectMany(
                (row, y) => row.Select((candidate, x) => (candidate, Place: new SKPoint(Gap + x * (Side + Gap), Gap + y * tileHeight)))
            )
            .ToDictionary(static tile => tile.candidate.Number, static tile => tile.Place);
        var (width, height) = (Gap + rows.Max(static row => row.Count()) * (Side + Gap), Gap + rows.Count * tileHeight);
        Canvas.RequireSize(width, height);
        using var sheet = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        using (var canvas = new SKCanvas(sheet))
        {
            canvas.Clear(SKColors.White);
            foreach (var candidate in item.Candidates.Where(static candidate => candidate.Parent is not null))
                DrawLine(canvas, places[candidate.Parent!.Value], places[candidate.Number], candidate.Accepted);
            foreach (var candidate in item.Candidates)
                DrawTile(canvas, candidate, places[candidate.Number], isFinal: candidate.Number == item.Kept.Number);
        }
        return ImageFile.FromBitmap(sheet);
    }

    private static void DrawLine(SKCanvas canvas, SKPoint parent, SKPoint child, bool accepted)
    {
        using var pen = Pen(accepted, width: 2);
        canvas.DrawLine(parent.X + Side / 2f, parent.Y + Side, child.X + Side / 2f, child.Y, pen);
    }

    private static void DrawTile(SKCanvas canvas, Candidate candidate, SKPoint place, bool isFinal)
    {
        using var bitmap = ImageFile.ToBitmap(candidate.Image);
        using var picture = SKImage.FromBitmap(bitmap);
        using var white = new SKPaint { Color = SKColors.White };
        using var black = new SKPaint { Color = SKColors.Black, IsAntialias = true };
        using var pen = Pen(candidate.Accepted, isFinal ? 6 : 2);
        using var font = new SKFont(Typeface.Value, FontSize);
        string[] lines = [Title(candidate), .. candidate.Scores.Select(Text)];
        canvas.DrawRect(place.X, place.Y, Side, Side + LineHeight * lines.Length, white); // over the lines that pass beneath
        var square = Fit(candidate.Image.Size, place);
        // The pixels of small pictures are shown as squares; large ones are averaged.
        var isSmall = square.Width >= candidate.Image.Width;
        var sampling = isSmall
            ? new SKSamplingOptions(SKFilterMode.Nearest)
            : new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear);
        canvas.DrawImage(picture, square, sampling);
        canvas.DrawRect(square, pen);
        foreach (var (number, line) in lines.Index())
        {
            var shown = line[..font.BreakText(line, Side)];
            canvas.DrawText(shown, place.X, place.Y + Side + LineHeight * (number + 1), SKTextAlign.Left, font, black);
        }
    }

    private static SKRect Fit(ImageSize size, SKPoint place)
    {
        var scale = (float)Side / Math.Max(size.Width, size.Height);
        var (width, height) = (scale * size.Width, scale * size.Height);
        return SKRect.Create(place.X + (Side - width) / 2, place.Y + (Side - height) / 2, width, height);
    }

    private static SKPaint Pen(bool accepted, int width) =>
        new()
        {
            Color = accepted ? Kept : Refused,
            StrokeWidth = width,
            IsStroke = true,
            IsAntialias = true,
        };

    private static string Title(Candidate candidate) =>
        candidate is { Action: { } action, Parent: { } parent }
            ? $"{candidate.Number} {JsonNamingPolicy.KebabCaseLower.ConvertName($"{action}")} of {parent}"
            : $"{candidate.Number} {(candidate.Cost == 0 ? "given" : "first picture")}";

    private static string Text(NamedScore score) => string.Create(CultureInfo.InvariantCulture, $"{score.Scorer} {score.Value:0.000}");

    // Our own: on Linux, Skia without dependencies finds none of the system's.
    private static SKTypeface ReadTypeface()
    {
        using var file = typeof(ContactSheet).Assembly.GetManifestResourceStream("Labels.ttf")!;
        return SKTypeface.FromStream(file);
    }
}
