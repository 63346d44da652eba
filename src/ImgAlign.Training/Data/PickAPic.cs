namespace ImgAlign.Training.Data;

/// <summary>
/// Pick-a-Pic (Kirstain et al., 2023): Parquet with the columns <c>jpg_0</c>, <c>jpg_1</c>, <c>label_0</c>, <c>label_1</c> and
/// <c>caption</c>. Ties are dropped, as IMG does.
/// </summary>
internal static class PickAPic
{
    private static readonly string[] Columns = ["jpg_0", "jpg_1", "label_0", "label_1", "caption"];

    /// <summary>
    /// Takes the pairs out of Parquet files, which are read from end to end only, into a folder where each can be had on its own. What is
    /// there already is not written again; a folder that is complete is left as it is.
    /// </summary>
    /// <param name="source">A Parquet file, or a folder with some.</param>
    /// <param name="folder">The folder, in the layout of <see cref="PreferenceFolder"/>.</param>
    /// <param name="progress">Is told how many rows are done.</param>
    /// <param name="cancellationToken">Seen between rows.</param>
    /// <exception cref="ImgAlignException">A file is broken, or a column is missing.</exception>
    public static Task ImportAsync(
        string source,
        string folder,
        IProgress<long>? progress = null,
        CancellationToken cancellationToken = default
    ) => Task.Run(() => Import(source, folder, progress, cancellationToken), cancellationToken);

    private static void Import(string source, string folder, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        if (File.Exists(Path.Combine(folder, PreferenceFolder.FileName)))
            return;
        var images = new ImageStore(Path.Combine(Path.GetFullPath(folder), "images"));
        var pairs = new List<PreferencePair>();
        var rows = 0L;
        Directory.CreateDirectory(folder);
        foreach (var file in ParquetRows.Find(source))
        {
            foreach (var row in ParquetRows.Read(file, Columns))
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (row is [byte[] first, byte[] second, double firstLabel, double secondLabel, var caption] && firstLabel != secondLabel)
                {
                    var (preferred, rejected) = firstLabel > secondLabel ? (first, second) : (second, first);
                    pairs.Add(new PreferencePair(caption as string ?? "", images.Add(preferred), images.Add(rejected)));
                }
                progress?.Report(++rows);
            }
        }
        PreferenceFolder.Write(folder, pairs);
    }
}
