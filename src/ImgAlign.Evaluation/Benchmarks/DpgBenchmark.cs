using System.Globalization;
using System.Text.RegularExpressions;
using ImgAlign.Evaluation.Running;
using ImgAlign.Scorers.Means;

namespace ImgAlign.Evaluation.Benchmarks;

/// <summary>
/// DPG-Bench: a folder of text files with a prompt each, beside it the questions about them; four pictures of a prompt as tiles of one,
/// under the text file's name. The result file has a line for each: path, four scores, mean; the one of details has every question's answer.
/// </summary>
internal sealed partial class DpgBenchmark() : Benchmark("dpg-bench")
{
    private const int Tiles = 4;
    private const string QuestionsFile = "dpg_bench.csv";
    private const string Yes = "yes";

    /// <inheritdoc/>
    public override IReadOnlyList<EvaluationPrompt> ReadPrompts(string path)
    {
        string[] files = Directory.Exists(path) ? [.. Directory.EnumerateFiles(path, "*.txt").Order(StringComparer.Ordinal)] : [];
        if (files.Length == 0)
            throw new ImgAlignException($"{path}: there are no text files; give the benchmark's folder 'prompts'.");
        var questionsFile = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(files[0]))!, "..", QuestionsFile);
        var questions = File.Exists(questionsFile) ? DpgQuestionFile.Read(Path.GetFullPath(questionsFile)) : [];
        return
        [
            .. files.Select(
                (file, index) =>
                {
                    var id = Path.GetFileNameWithoutExtension(file);
                    var own = questions.GetValueOrDefault(id, []);
                    return new EvaluationPrompt(id, File.ReadAllText(file).Trim())
                    {
                        Seeds = [.. Enumerable.Range(Tiles * index, Tiles)],
                        PictureQuestions = [.. own.Select(static question => question.Asked)],
                        QuestionTree = [.. own.Select(static question => question.About)],
                    };
                }
            ),
        ];
    }

    internal override string? OfficialJudge => "mPLUG-large";

    internal override bool Scores(EvaluationPrompt prompt) => DpgBenchMeans.Counts(prompt.QuestionTree);

    internal override IReadOnlyList<(string Name, double Value)> Means(IReadOnlyList<EvaluatedPicture> pictures, string scorer)
    {
        // The questions of a prompt count where all of its tiles have answers.
        var answered = pictures
            .GroupBy(static picture => picture.Item.Prompt)
            .Where(prompt => prompt.Count() == Tiles && prompt.All(picture => picture.Answers.ContainsKey(scorer)))
            .ToList();
        if (answered.Count == 0)
            return [("score", 100 * pictures.Average(picture => picture.Scores[scorer]))]; // all prompts have as many tiles
        var questions = answered.SelectMany(static prompt => prompt.Key.QuestionTree).ToList();
        var means = new DpgBenchMeans(
            questions,
            answered.ToDictionary(
                static prompt => prompt.Key.Id,
                IReadOnlyList<IReadOnlyDictionary<int, string>> (prompt) =>
                    [.. prompt.OrderBy(static picture => picture.Item.Picture).Select(picture => AnswersOf(picture, scorer))]
            ),
            skipsFirstRow: false // the file was read without it
        );
        var counted = questions.Where(question => means.Items.Contains(question.Item)).ToList();
        var broad = counted.Select(static question => question.BroadCategory).Distinct().Order(StringComparer.Ordinal);
        var detailed = counted.Select(static question => question.Category).Distinct().Order(StringComparer.Ordinal);
        return
        [
            ("score", means.Overall),
            .. broad.Select(category => (category, means.OfBroadCategory(category))),
            .. detailed.Select(category => (category, means.OfCategory(category))),
        ];
    }

    internal override void Export(IReadOnlyList<EvaluatedPicture> pictures, string folder, string target)
    {
        foreach (var prompt in pictures.GroupBy(static picture => picture.Item.Prompt))
            ExportedPicture.WriteTiles([.. prompt], Path.Combine(folder, $"{prompt.Key.Id}.png"));
    }

    internal override IReadOnlyList<ImportedScore?> Import(string path, IReadOnlyList<EvaluatedPicture> pictures)
    {
        if (!File.Exists(path))
            throw new ImgAlignException($"{path}: there is no such file; give the evaluator's dpg-bench_…_results.txt.");
        var lines = new List<KeyValuePair<string, double[]>>();
        foreach (var fields in File.ReadLines(path).Select(static line => line.Split(", ")))
        {
            // Whatever is in the path; the table behind the pictures' lines has no such fields.
            var scores = fields.TakeLast(Tiles + 1).Select(static field => ParseOrNull(field)).ToList();
            if (fields.Length > Tiles + 1 && !scores.Contains(null))
                lines.Add(
                    new(
                        Path.GetFileNameWithoutExtension(string.Join(", ", fields.SkipLast(Tiles + 1))),
                        [.. scores.Take(Tiles).Select(static score => score!.Value)]
                    )
                );
        }
        var results = BenchmarkFiles.EachOnce(path, lines);
        var details = $"{Path.ChangeExtension(path, null)}_detail.txt"; // as the evaluator names it
        var answers = File.Exists(details) ? ReadAnswers(details) : [];
        return
        [
            .. pictures.Select(picture =>
                results.TryGetValue(picture.Item.Prompt.Id, out var scores)
                    ? new ImportedScore(scores[picture.Item.Picture], AnswersOf(picture.Item, answers, details))
                    : null
            ),
        ];
    }

    // What the evaluator wrote of each tile: question and answer, in the order of the questions.
    private static Dictionary<(string Id, int Tile), List<string>> ReadAnswers(string file) =>
        File.ReadLines(file)
            .Select(static line => DetailLine().Match(line))
            .Where(static match => match.Success)
            .GroupBy(
                static match => (Path.GetFileNameWithoutExtension(match.Groups["path"].Value), TileOf(match)),
                static match => match.Groups["answered"].Value
            )
            .ToDictionary(static tile => tile.Key, static tile => tile.ToList());

    private static int TileOf(Match match) => (match.Groups["left"].Value == "0" ? 0 : 1) + (match.Groups["top"].Value == "0" ? 0 : 2);

    private static double[]? AnswersOf(EvaluationItem item, Dictionary<(string Id, int Tile), List<string>> answers, string file)
    {
        var questions = item.Prompt.PictureQuestions;
        if (answers.Count == 0 || questions.Count == 0)
            return null;
        var given = answers.GetValueOrDefault((item.Prompt.Id, item.Picture), []);
        return
            questions.Count == given.Count
            && questions.Zip(given).All(static pair => pair.Second.StartsWith($"{pair.First.Text}, ", StringComparison.Ordinal))
            ? [.. questions.Zip(given, static (question, answered) => answered[(question.Text.Length + 2)..] == Yes ? 1.0 : 0)]
            : throw new ImgAlignException(
                $"{file}: the questions about '{item.Prompt.Id}' are not those of {QuestionsFile}; put the file there that was evaluated "
                    + "with."
            );
    }

    private static Dictionary<int, string> AnswersOf(EvaluatedPicture picture, string scorer) =>
        picture
            .Item.Prompt.QuestionTree.Zip(picture.Answers[scorer])
            .ToDictionary(static pair => pair.First.Id, static pair => pair.Second < JudgedAnswer.UsualPass ? "no" : Yes);

    private static double? ParseOrNull(string field) =>
        double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;

    [GeneratedRegex(@"^(?<path>.*), \((?<left>[0-9]+), (?<top>[0-9]+), [0-9]+, [0-9]+\), (?<answered>.*)$")]
    private static partial Regex DetailLine();
}
