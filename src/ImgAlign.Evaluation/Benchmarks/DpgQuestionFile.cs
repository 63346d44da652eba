using System.Globalization;
using CsvHelper;
using ImgAlign.Scorers.Means;

namespace ImgAlign.Evaluation.Benchmarks;

/// <summary>DPG-Bench's questions, <c>dpg_bench.csv</c>.</summary>
internal static class DpgQuestionFile
{
    /// <summary>Reads the questions by the prompts' ids. The first row is left out, as the evaluator leaves it out.</summary>
    /// <param name="file">The file.</param>
    /// <exception cref="ImgAlignException">It is not laid out so.</exception>
    public static Dictionary<string, List<(PictureQuestion Asked, DpgQuestion About)>> Read(string file)
    {
        try
        {
            using var csv = new CsvReader(new StreamReader(file), CultureInfo.InvariantCulture);
            csv.Read();
            csv.ReadHeader();
            var rows = new List<(PictureQuestion Asked, DpgQuestion About)>();
            while (csv.Read())
                rows.Add(ReadRow(csv));
            return rows.Skip(1).GroupBy(static row => row.About.Item).ToDictionary(static item => item.Key, static item => item.ToList());
        }
        catch (Exception exception) when (exception is CsvHelperException or FormatException)
        {
            throw new ImgAlignException(
                $"{file}: not as the benchmark's file is, with the columns item_id, proposition_id, dependency, tuple and "
                    + "question_natural_language; download it again.",
                exception
            );
        }
    }

    private static (PictureQuestion Asked, DpgQuestion About) ReadRow(CsvReader csv) =>
        (
            new PictureQuestion(csv.GetField("question_natural_language")!),
            new DpgQuestion(
                csv.GetField("item_id")!,
                csv.GetField<int>("proposition_id"),
                [
                    .. csv.GetField("dependency")!
                        .Split(',', StringSplitOptions.TrimEntries)
                        .Select(static id => int.Parse(id, CultureInfo.InvariantCulture))
                        .Where(static id => id != 0),
                ],
                csv.GetField("tuple")!
            )
        );
}
