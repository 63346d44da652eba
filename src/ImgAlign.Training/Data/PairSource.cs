using System.Security.Cryptography;
using System.Text;

namespace ImgAlign.Training.Data;

/// <summary>
/// Preference pairs where they lie, read in parts and one at a time: a folder with <c>pairs.jsonl</c> (<see cref="PreferenceFolder"/>), or
/// Parquet, a file or a folder with some, in the columns of Pick-a-Pic (Kirstain et al., 2023): <c>jpg_0</c>, <c>jpg_1</c>,
/// <c>label_0</c>, <c>label_1</c> and <c>caption</c>. Ties are left out, as IMG does.
/// </summary>
internal static class PairSource
{
    private static readonly string[] Columns = ["jpg_0", "jpg_1", "label_0", "label_1", "caption"];

    /// <summary>Divides pairs into parts, no one of which spans two files; no row is read.</summary>
    /// <param name="path">The data.</param>
    /// <param name="pairs">The most pairs of a part.</param>
    /// <exception cref="ImgAlignException">There are no pairs, or a file is broken.</exception>
    public static IReadOnlyList<PairRange> Split(string path, int pairs)
    {
        var parts = new List<PairRange>();
        foreach (var (file, rows) in CountRows(path))
        {
            for (var first = 0L; first < rows; first += pairs)
                parts.Add(new PairRange(file, first, (int)Math.Min(pairs, rows - first)));
        }
        return parts.Count > 0 ? parts : throw new ImgAlignException($"{path}: there are no pairs.");
    }

    /// <summary>Reads a part, pair by pair.</summary>
    /// <param name="path">The data.</param>
    /// <param name="part">From <see cref="Split"/>.</param>
    /// <exception cref="ImgAlignException">A file is broken, or has no such columns.</exception>
    public static IEnumerable<PicturePair> Read(string path, PairRange part) =>
        IsFolder(path) ? ReadFiles(path, part) : ReadRows(path, part);

    /// <summary>Tells data from others, and from the same ones after a change: by the sizes and times of the pictures' files, or by what
    /// <see cref="ModelFingerprint"/> sees of Parquet.</summary>
    public static string Fingerprint(string path)
    {
        if (!IsFolder(path))
            return ModelFingerprint.Of(ParquetRows.Find(path));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var pair in PreferenceFolder.Enumerate(path))
            hash.AppendData(Encoding.UTF8.GetBytes($"{pair.Caption}\0{State(pair.Preferred)}\0{State(pair.Rejected)}\0"));
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];

        static string State(string file) =>
            new FileInfo(file) is { Exists: true } picture ? $"{file}:{picture.Length}:{picture.LastWriteTimeUtc.Ticks}" : file;
    }

    private static bool IsFolder(string path) => File.Exists(Path.Combine(path, PreferenceFolder.FileName));

    private static IEnumerable<(string File, long Rows)> CountRows(string path) =>
        IsFolder(path)
            ? [(PreferenceFolder.FileName, PreferenceFolder.Enumerate(path).LongCount())]
            : ParquetRows.Find(path).Select(file => (Path.GetRelativePath(path, file), ParquetRows.Count(file)));

    private static IEnumerable<PicturePair> ReadFiles(string path, PairRange part) =>
        PreferenceFolder
            .Enumerate(path)
            .Skip((int)part.First)
            .Take(part.Count)
            .Select((pair, index) => new PicturePair(part.First + index, pair.Caption, Load(pair.Preferred), Load(pair.Rejected)));

    private static PictureFile Load(string path) => new(path, File.Exists(path) ? File.ReadAllBytes(path) : null);

    private static IEnumerable<PicturePair> ReadRows(string path, PairRange part)
    {
        var file = Path.GetFullPath(part.File, Path.GetFullPath(path));
        var place = part.First - 1;
        foreach (var row in ParquetRows.Read(file, Columns, part.First, part.Count))
        {
            place++;
            if (row is not [byte[] first, byte[] second, double firstLabel, double secondLabel, var caption] || firstLabel == secondLabel)
                continue;
            var (one, other) = (new PictureFile(Name(Columns[0]), first), new PictureFile(Name(Columns[1]), second));
            var (preferred, rejected) = firstLabel > secondLabel ? (one, other) : (other, one);
            yield return new PicturePair(place, caption as string ?? "", preferred, rejected);
        }

        string Name(string column) => $"{file}, row {place}, {column}";
    }
}
