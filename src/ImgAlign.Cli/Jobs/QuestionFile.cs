using System.CommandLine;
using System.Text.Json;
using ImgAlign.Scorers;

namespace ImgAlign.Cli.Jobs;

/// <summary>Questions about pictures, for scorers that have a judge answer them.</summary>
internal sealed class QuestionFile
{
    /// <summary>The name of the option that names it.</summary>
    public const string OptionName = "--question-file";

    private readonly IReadOnlyList<PictureQuestion> forAll;
    private readonly IReadOnlyDictionary<string, IReadOnlyList<PictureQuestion>> byPrompt;

    private QuestionFile(IReadOnlyList<PictureQuestion> forAll, IReadOnlyDictionary<string, IReadOnlyList<PictureQuestion>> byPrompt)
    {
        this.forAll = forAll;
        this.byPrompt = byPrompt;
    }

    /// <summary>The option that names it.</summary>
    public static Option<string?> CreateOption() =>
        new(OptionName)
        {
            Description =
                "Questions that a judge answers about every picture, one a line, to which Yes is right; behind one that begins with How "
                + "many, a tab and the number as a word. Or a .jsonl file with prompt and vqa_list, as GenEval 2 has it, for the prompts "
                + "in it.",
        };

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file; null: there are no questions.</param>
    /// <exception cref="ImgAlignException">It cannot be read, or a line is wrong.</exception>
    public static QuestionFile Read(string? path)
    {
        var none = new Dictionary<string, IReadOnlyList<PictureQuestion>>();
        if (path is null)
            return new([], none);
        if (!File.Exists(path))
            throw new ImgAlignException($"{path}: there is no such file; give a file of questions.");
        var lines = File.ReadLines(path)
            .Select((text, index) => (Text: text, Line: new FileLine(path, index + 1)))
            .Where(static line => !string.IsNullOrWhiteSpace(line.Text))
            .ToList();
        if (lines.Count == 0)
            throw new ImgAlignException($"{path}: there is no question in it; write one a line.");
        if (!path.EndsWith(".jsonl", StringComparison.OrdinalIgnoreCase))
            return new([.. lines.Select(static line => ReadText(line.Text, line.Line))], none);
        var byPrompt = new Dictionary<string, IReadOnlyList<PictureQuestion>>(StringComparer.Ordinal);
        foreach (var (text, line) in lines)
        {
            var (prompt, questions) = ReadJson(text, line);
            if (!byPrompt.TryAdd(prompt, questions))
                throw line.Error($"the prompt \"{prompt}\" is there twice");
        }
        return new([], byPrompt);
    }

    /// <summary>Whether there are no questions.</summary>
    public bool IsEmpty => forAll.Count + byPrompt.Count == 0;

    /// <summary>Makes sure that a scorer asks the questions, if there are any.</summary>
    /// <param name="scorers">The names of the scorers that run.</param>
    /// <exception cref="ImgAlignException">None does.</exception>
    public void RequireScorer(IEnumerable<string> scorers)
    {
        if (!IsEmpty && !scorers.Contains(SoftTifaScorer.DefaultName))
            throw new ImgAlignException(
                $"{OptionName} is for the scorer {SoftTifaScorer.DefaultName}, which does not run: give --scorer "
                    + $"{SoftTifaScorer.DefaultName}, or leave {OptionName} out."
            );
    }

    /// <summary>The questions for a prompt; empty where there are none.</summary>
    public IReadOnlyList<PictureQuestion> Of(string prompt) => byPrompt.GetValueOrDefault(prompt, forAll);

    private static PictureQuestion ReadText(string text, FileLine line)
    {
        var parts = text.Split('\t', 2, StringSplitOptions.TrimEntries);
        if (parts[0].Length == 0)
            throw line.Error("there is no question before the answer");
        return parts is [var question, { Length: > 0 } answer] ? new(question, answer) : new(parts[0]);
    }

    private static (string Prompt, IReadOnlyList<PictureQuestion> Questions) ReadJson(string text, FileLine line)
    {
        try
        {
            var row = JsonSerializer.Deserialize<Row>(text, JsonSerializerOptions.Web);
            if (row is { Prompt.Length: > 0, Questions.Count: > 0 } && row.Questions.All(IsPair))
                return (row.Prompt, [.. row.Questions.Select(static pair => new PictureQuestion(pair[0], pair[1]))]);
        }
        catch (JsonException exception)
        {
            throw line.Error($"this is not valid JSON: {exception.Message}");
        }
        throw line.Error("prompt and vqa_list, pairs of a question and its answer, are needed");
    }

    private static bool IsPair(IReadOnlyList<string> pair) => pair is [var question, not null] && !string.IsNullOrWhiteSpace(question);

    private sealed record Row
    {
        public string? Prompt { get; init; }

        [System.Text.Json.Serialization.JsonPropertyName("vqa_list")]
        public IReadOnlyList<IReadOnlyList<string>>? Questions { get; init; }
    }
}
