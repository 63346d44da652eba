using System.Globalization;
using CsvHelper;

namespace ImgAlign.Evaluation.Benchmarks;

/// <summary>DrawBench: a CSV file with <c>Prompts</c> and <c>Category</c>, or the JSON array that HPSv2's dataset has.</summary>
internal sealed class DrawBenchPrompts() : Benchmark("drawbench")
{
    /// <inheritdoc/>
    public override IReadOnlyList<EvaluationPrompt> ReadPrompts(string path)
    {
        var isJson = Path.GetExtension(path) == ".json" || Directory.Exists(path);
        var prompts = isJson
            ? BenchmarkFiles.Read(
                BenchmarkFiles.Find(path, "drawbench.json"),
                static array =>
                    array.EnumerateArray().Select(static prompt => (Prompt: prompt.GetString()!, Category: (string?)null)).ToList()
            )
            : ReadCsv(BenchmarkFiles.Find(path, "drawbench.csv"));
        return
        [
            .. prompts.Select(
                static (line, index) =>
                    new EvaluationPrompt(index.ToString("00000", CultureInfo.InvariantCulture), line.Prompt)
                    {
                        Seeds = [index],
                        Category = line.Category,
                    }
            ),
        ];
    }

    private static List<(string Prompt, string? Category)> ReadCsv(string file)
    {
        try
        {
            using var csv = new CsvReader(new StreamReader(file), CultureInfo.InvariantCulture);
            var prompts = new List<(string Prompt, string? Category)>();
            csv.Read();
            csv.ReadHeader();
            while (csv.Read())
                prompts.Add((csv.GetField<string>("Prompts")!, csv.GetField<string>("Category")));
            return prompts;
        }
        catch (CsvHelperException exception)
        {
            throw new ImgAlignException($"{file}: not CSV with the columns Prompts and Category; download it again.", exception);
        }
    }
}
