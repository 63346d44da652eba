using System.Globalization;
using System.Text.Json;
using ImgAlign.Evaluation.Running;
using ImgAlign.Scorers.Means;

namespace ImgAlign.Evaluation.Benchmarks;

/// <summary>
/// T2I-CompBench and T2I-CompBench++: a text file for each category, ten pictures a prompt from seeds 42 to 51, under
/// <c>CATEGORY/samples</c> by prompt and number. Result files have an answer for each number; a complex prompt's is the mean of those that
/// apply.
/// </summary>
internal sealed class CompBenchmark() : Benchmark("t2i-compbench")
{
    private const string Suffix = "_val.txt";
    private const string ResultFile = "vqa_result.json";

    private const string Attributes = "annotation_blip";
    private const string Places = "labels/annotation_obj_detection_2d";
    private const string Actions = "annotation_clip";
    private const string Complex = "complex";
    private const string AllOfComplex = "annotation_3_in_1";

    // Of which files say which complex prompts they are; the others are of all kinds.
    private static readonly string[] KindsOfComplex = ["spatial", "action"];

    private static readonly IReadOnlyList<long> PictureSeeds = [.. Enumerable.Range(42, 10)];

    // Where the evaluator of each category leaves its result, in the category's folder; several evaluate complex prompts.
    private static readonly Dictionary<string, string> Evaluators = new()
    {
        ["color"] = Attributes,
        ["shape"] = Attributes,
        ["texture"] = Attributes,
        ["spatial"] = Places,
        ["3d_spatial"] = "labels/annotation_obj_detection_3d",
        ["numeracy"] = "annotation_num",
        ["non_spatial"] = Actions,
        [Complex] = AllOfComplex,
    };

    private static readonly Dictionary<CompAspect, string> EvaluatorsOfComplex = new()
    {
        [CompAspect.Attribute] = Attributes,
        [CompAspect.Spatial] = Places,
        [CompAspect.Action] = Actions,
    };

    /// <inheritdoc/>
    public override IReadOnlyList<EvaluationPrompt> ReadPrompts(string path)
    {
        var files = Directory.Exists(path)
            ? Evaluators.Keys.Select(category => Path.Combine(path, category + Suffix)).Where(File.Exists)
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

    internal override IReadOnlyList<ImportedScore?> Import(string path, IReadOnlyList<EvaluatedPicture> pictures)
    {
        var read = new Dictionary<string, Dictionary<int, double>>();
        var scores = new Dictionary<EvaluatedPicture, ImportedScore?>();
        foreach (var category in pictures.GroupBy(static picture => picture.Item.Prompt.Category!))
        foreach (var (index, picture) in category.Index())
        {
            List<double?> parts =
            [
                .. ResultFilesOf(Path.Combine(path, category.Key), picture.Item.Prompt).Select(file => ScoreIn(file, index)),
            ];
            scores[picture] = parts.Contains(null) ? null : new ImportedScore(parts.Average()!.Value);
        }
        return [.. pictures.Select(picture => scores[picture])];

        double? ScoreIn(string file, int index)
        {
            if (!read.TryGetValue(file, out var results))
                read[file] = results = ReadResults(file);
            return results.TryGetValue(index, out var score) ? score : null;
        }
    }

    // The category's own; of a complex prompt otherwise those that the combined one is the mean of.
    private static List<string> ResultFilesOf(string folder, EvaluationPrompt prompt)
    {
        var own = new[] { "", Evaluators[prompt.Category!] }
            .Select(place => Path.Combine(folder, place, ResultFile))
            .FirstOrDefault(File.Exists);
        if (own is not null)
            return [own];
        var places = prompt.Tags.Count > 0 ? prompt.Tags : [Evaluators[prompt.Category!]];
        List<string> files = [.. places.Select(place => Path.Combine(folder, place, ResultFile))];
        return files.Find(static file => !File.Exists(file)) is { } missing
            ? throw new ImgAlignException(
                $"{missing}: there is no such file; give the folder that was exported, after the evaluation of all its categories."
            )
            : files;
    }

    private static Dictionary<int, double> ReadResults(string file) =>
        BenchmarkFiles.EachOnce(
            file,
            BenchmarkFiles.Read(
                file,
                static array =>
                    array
                        .EnumerateArray()
                        .Select(static result =>
                            KeyValuePair.Create(
                                result.Value("question_id").GetInt32(),
                                result.Value("answer") is { ValueKind: JsonValueKind.String } text
                                    ? double.Parse(text.GetString()!, CultureInfo.InvariantCulture)
                                    : result.Value("answer").GetDouble()
                            )
                        )
                        .ToList()
            )
        );

    private static IEnumerable<EvaluationPrompt> ReadCategory(string file)
    {
        var name = Path.GetFileName(file);
        var category = name.EndsWith(Suffix, StringComparison.Ordinal) ? name[..^Suffix.Length] : "";
        if (!Evaluators.ContainsKey(category))
            throw new ImgAlignException(
                $"{file}: the name says no category; it is one of {string.Join(", ", Evaluators.Keys)}, with {Suffix} behind it."
            );
        if (!File.Exists(file))
            throw new ImgAlignException($"{file}: there is no such file; give the benchmark's examples/dataset, or a file of it.");
        Func<string, IReadOnlyList<string>> tagsOf = category == Complex ? ReadAspects(Path.GetDirectoryName(file)!) : static _ => [];
        return ReadPromptLines(file)
            .Select(
                (prompt, index) =>
                    prompt.IndexOfAny(['_', '/', '\\', '\0']) < 0
                        ? new EvaluationPrompt(string.Create(CultureInfo.InvariantCulture, $"{category}/{index:000}"), prompt)
                        {
                            Seeds = PictureSeeds,
                            Category = category,
                            Tags = tagsOf(prompt),
                        }
                        : throw new ImgAlignException(
                            $"{file}: the prompt '{prompt}' cannot be a file's name, from which the evaluator takes it; leave '_', "
                                + "'/' and '\\' out of it."
                        )
            );
    }

    // Where the evaluators leave their results that look at a complex prompt's pictures; none where the files are absent that say it.
    private static Func<string, IReadOnlyList<string>> ReadAspects(string folder)
    {
        List<string> files = [.. KindsOfComplex.Select(kind => Path.Combine(folder, $"{Complex}_val_{kind}.txt"))];
        if (!files.TrueForAll(File.Exists))
            return static _ => [];
        var (spatial, action) = (ReadPromptLines(files[0]).ToList(), ReadPromptLines(files[1]).ToList());
        return prompt => [.. CompBench.AspectsOf(prompt, spatial, action).Select(static aspect => EvaluatorsOfComplex[aspect])];
    }

    private static IEnumerable<string> ReadPromptLines(string file) =>
        File.ReadLines(file).Select(static line => line.Split('\t')[0].Trim()).Where(static prompt => prompt.Length > 0);
}
