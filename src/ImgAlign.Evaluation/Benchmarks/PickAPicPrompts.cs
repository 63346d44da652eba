using System.Globalization;
using ParquetSharp;

namespace ImgAlign.Evaluation.Benchmarks;

/// <summary>Pick-a-Pic's validation prompts: the different captions of its Parquet files.</summary>
internal sealed class PickAPicPrompts() : Benchmark("pick-a-pic")
{
    private const string Column = "caption";

    /// <inheritdoc/>
    public override IReadOnlyList<EvaluationPrompt> ReadPrompts(string path)
    {
        string[] files = Directory.Exists(path)
            ? [.. Directory.EnumerateFiles(path, "*.parquet", SearchOption.AllDirectories).Order(StringComparer.Ordinal)]
            : [path];
        if (files.Length == 0 || !File.Exists(files[0]))
            throw new ImgAlignException($"{path}: there are no Parquet files; give the dataset's validation files, or their folder.");
        return
        [
            .. files
                .SelectMany(ReadCaptions)
                .Distinct()
                .Select(
                    static (caption, index) =>
                        new EvaluationPrompt(index.ToString("00000", CultureInfo.InvariantCulture), caption) { Seeds = [index] }
                ),
        ];
    }

    private static List<string> ReadCaptions(string path)
    {
        try
        {
            using var file = new ParquetFileReader(path);
            var column = Enumerable
                .Range(0, file.FileMetaData.Schema.NumColumns)
                .First(index => file.FileMetaData.Schema.Column(index).Path.ToDotString() == Column);
            var captions = new List<string>();
            for (var group = 0; group < file.FileMetaData.NumRowGroups; group++)
            {
                using var rows = file.RowGroup(group);
                using var reader = rows.Column(column).LogicalReader<string>();
                captions.AddRange(reader.ReadAll((int)rows.MetaData.NumRows));
            }
            return captions;
        }
        catch (Exception exception) when (exception is ParquetException or InvalidOperationException or InvalidCastException)
        {
            throw new ImgAlignException($"{path}: not a Parquet file with the text column '{Column}'; download it again.", exception);
        }
    }
}
