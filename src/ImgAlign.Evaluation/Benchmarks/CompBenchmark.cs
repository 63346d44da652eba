using System.Globalization;
using System.Text.Json;
using ImgAlign.Evaluation.Running;

namespace ImgAlign.Evaluation.Benchmarks;

/// <summary>
/// T2I-CompBench and T2I-CompBench++: a text file for each category, ten pictures a prompt from seeds 42 to 51, under
/// <c>CATEGORY/samples</c> by prompt and number. Result files have an answer for each number.
/// </summary>
internal sealed class CompBenchmark() : Benchmark("t2i-compbench")
{
    private const string Suffix = "_val.txt";
    private const string ResultFile = "vqa_result.json";

    private static readonly IReadOnlyList<long> PictureSeeds = [.. Enumerable.Range(42, 10)];

    // complex_val_spatial.txt and its like only say which complex prompts are of which kind.
    private static readonly string[] Categories =
    [
        "color",
        "shape",
        "texture",
        "spatial",
        "3d_spatial",
        "numeracy",
        "non_spatial",
        "complex",
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<EvaluationPrompt> ReadPrompts(string path)
    {
        var files = Directory.Exists(path)
            ? Categories.Select(category => Path.Combine(path, category + Suffix)).Where(File.Exists)
            : [path];
        List<EvaluationPrompt> prompts = [.. files.SelectMany(ReadCategory)];
        return prompts.Count > 0
            ? prompts
            : throw new ImgAlignException(
                $"{path}: there is no file such as color{Suffix}; give the benchmark's examples/dataset, or a file of it."
            );
    }

    internal override IReadOnlyList<(string Name, double Value)> Means(IReadOnlyList<EvaluatedPicture> pictures, string scorer) =>
        [
            .. pictures
                .GroupBy(static picture => picture.Item.Prompt.Category!)
                .Select(category => (category.Key, category.Average(picture => picture.Scores[scorer]))),
        ];

    internal override void Export(IReadOnlyList<EvaluatedPicture> pictures, string folder, string target)
    {
        foreach (var category in pictures.GroupBy(static picture => picture.Item.Prompt.Category!))
        {
            var samples = Directory.CreateDirectory(Path.Combine(folder, category.Key, "samples")).FullName;
            foreach (var (index, picture) in category.Index())
                ExportedPicture.WritePng(
                    picture,
                    Path.Combine(samples, string.Create(CultureInfo.InvariantCulture, $"{picture.Item.Prompt.Prompt}_{index:000000}.png"))
                );
        }
    }

    internal override IReadOnlyList<double?> Import(string path, IReadOnlyList<EvaluatedPicture> pictures)
    {
        var places = pictures
            .GroupBy(static picture => picture.Item.Prompt.Category!)
            .SelectMany(static category => category.Select((picture, index) => (Picture: picture, Place: (category.Key, index))))
            .ToDictionary(static placed => placed.Picture, static placed => placed.Place);
        var results = places
            .Values.Select(static place => place.Key)
            .Distinct()
            .ToDictionary(static category => category, category => ReadResults(path, category));
        return
        [
            .. pictures.Select(picture =>
                places[picture] is var (category, place) && results[category].TryGetValue(place, out var score) ? score : default(double?)
            ),
        ];
    }

    private static Dictionary<int, double> ReadResults(string path, string category)
    {
        var folder = Path.Combine(path, category);
        // Evaluators leave their parts' results in deeper folders.
        string[] files = Directory.Exists(folder)
            ?
            [
                .. Directory
                    .EnumerateFiles(folder, ResultFile, SearchOption.AllDirectories)
                    .OrderBy(static file => file.Count(static letter => letter == Path.DirectorySeparatorChar)),
            ]
            : [];
        if (files.Length == 0)
            throw new ImgAlignException($"{folder}: there is no {ResultFile}; give the folder that was exported, after its evaluation.");
        var results = BenchmarkFiles.Read(
            files[0],
            static array =>
                array
                    .EnumerateArray()
                    .Select(static result =>
                        KeyValuePair.Create(
                            result.GetProperty("question_id").GetInt32(),
                            result.GetProperty("answer") is { ValueKind: JsonValueKind.String } text
                                ? double.Parse(text.GetString()!, CultureInfo.InvariantCulture)
                                : result.GetProperty("answer").GetDouble()
                        )
                    )
                    .ToList()
        );
        return BenchmarkFiles.EachOnce(files[0], results);
    }

    private static IEnumerable<EvaluationPrompt> ReadCategory(string file)
    {
        var name = Path.GetFileName(file);
        var category = name.EndsWith(Suffix, StringComparison.Ordinal) ? name[..^Suffix.Length] : "";
        if (!Categories.Contains(category))
            throw new ImgAlignException(
                $"{file}: the name says no category; it is one of {string.Join(", ", Categories)}, with {Suffix} behind it."
            );
        return File.ReadLines(file)
            .Select(static line => line.Split('\t')[0].Trim())
            .Where(static prompt => prompt.Length > 0)
            .Select(
                (prompt, index) =>
                    prompt.IndexOfAny(['_', '/', '\\', '\0']) < 0
                        ? new EvaluationPrompt(string.Create(CultureInfo.InvariantCulture, $"{category}/{index:000}"), prompt)
                        {
                            Seeds = PictureSeeds,
                            Category = category,
                        }
                        : throw new ImgAlignException(
                            $"{file}: the prompt '{prompt}' cannot be a file's name, from which the evaluator takes it; leave '_', "
                                + "'/' and '\\' out of it."
                        )
            );
    }
}
