using System.Globalization;
using System.Text;

namespace ImgAlign.Tokenizers;

/// <summary>
/// Unicode's normalization forms C and D (UAX 15). The tables are our own because <see cref="string.Normalize()"/> does nothing where
/// globalization is invariant, as it is on a bare Linux without ICU.
/// </summary>
internal static class CanonicalForms
{
    private static readonly Dictionary<int, int[]> Decompositions = [];
    private static readonly Dictionary<(int First, int Second), int> Compositions = [];
    private static readonly Dictionary<int, byte> Classes = [];

    static CanonicalForms()
    {
        using var reader = new StreamReader(typeof(CanonicalForms).Assembly.GetManifestResourceStream("CanonicalMappings.txt")!);
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('#'))
                continue;
            var mark = line.IndexOfAny(['=', '>', ':']);
            if (line[mark] == ':')
                ReadClasses(line[..mark], byte.Parse(line[(mark + 1)..], CultureInfo.InvariantCulture));
            else
                ReadDecomposition(Hex(line[..mark]), [.. line[(mark + 1)..].Split(' ').Select(Hex)], composes: line[mark] == '=');
        }

        static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

        static void ReadClasses(string range, byte value)
        {
            var ends = range.Split('-').Select(Hex).ToArray();
            for (var point = ends[0]; point <= ends[1]; point++)
                Classes[point] = value;
        }

        static void ReadDecomposition(int point, int[] parts, bool composes)
        {
            Decompositions[point] = parts;
            if (composes)
                Compositions[(parts[0], parts[1])] = point;
        }
    }

    /// <summary>Normalizes a text; half a surrogate pair becomes U+FFFD.</summary>
    public static string Compose(string text)
    {
        if (!text.AsSpan().ContainsAnyExceptInRange('\0', '\u02FF'))
            return text; // nothing below U+0300 combines or decomposes in form C
        var points = new List<(int Point, byte Class)>(text.Length);
        foreach (var rune in text.EnumerateRunes())
            Decompose(rune.Value, points);
        Order(points);
        var result = new StringBuilder(text.Length);
        foreach (var point in Compose(points))
            result.Append(char.ConvertFromUtf32(point));
        return result.ToString();
    }

    /// <summary>The text in form D, which has every mark apart from its letter; half a surrogate pair becomes U+FFFD.</summary>
    public static string Decompose(string text)
    {
        var points = new List<(int Point, byte Class)>(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            var syllable = rune.Value - Hangul;
            if (syllable is < 0 or >= CountL * CountV * CountT)
            {
                Decompose(rune.Value, points);
                continue;
            }
            points.Add((HangulL + syllable / (CountV * CountT), 0));
            points.Add((HangulV + syllable / CountT % CountV, 0));
            if (syllable % CountT is > 0 and var final)
                points.Add((HangulT + final, 0));
        }
        Order(points);
        return string.Concat(points.Select(static point => char.ConvertFromUtf32(point.Point)));
    }

    private static void Decompose(int point, List<(int Point, byte Class)> points)
    {
        if (Decompositions.TryGetValue(point, out var parts))
            foreach (var part in parts)
                Decompose(part, points);
        else
            points.Add((point, Classes.GetValueOrDefault(point)));
    }

    // Marks between two starters stand in the order of their classes, and keep their order within a class.
    private static void Order(List<(int Point, byte Class)> points)
    {
        for (var start = 0; start < points.Count; start++)
        {
            if (points[start].Class == 0)
                continue;
            var end = start;
            while (end < points.Count && points[end].Class != 0)
                end++;
            foreach (var mark in points[start..end].OrderBy(mark => mark.Class))
                points[start++] = mark;
        }
    }

    private static List<int> Compose(List<(int Point, byte Class)> points)
    {
        var result = new List<int>(points.Count);
        var starter = -1;
        byte lastClass = 0;
        foreach (var (point, combiningClass) in points)
        {
            var reachesStarter = starter >= 0 && (lastClass < combiningClass || starter == result.Count - 1);
            if (reachesStarter && TryCompose(result[starter], point, out var composed))
            {
                result[starter] = composed;
                continue;
            }
            if (combiningClass == 0)
                starter = result.Count;
            lastClass = combiningClass;
            result.Add(point);
        }
        return result;
    }

    private const int HangulL = 0x1100,
        HangulV = 0x1161,
        HangulT = 0x11A7,
        Hangul = 0xAC00;
    private const int CountL = 19,
        CountV = 21,
        CountT = 28;

    private static bool TryCompose(int first, int second, out int composed)
    {
        if (Compositions.TryGetValue((first, second), out composed))
            return true;
        var (l, v, syllable, t) = (first - HangulL, second - HangulV, first - Hangul, second - HangulT);
        if (l is >= 0 and < CountL && v is >= 0 and < CountV)
            composed = Hangul + (l * CountV + v) * CountT;
        else if (syllable is >= 0 and < CountL * CountV * CountT && syllable % CountT == 0 && t is > 0 and < CountT)
            composed = first + t;
        return composed != 0;
    }
}
