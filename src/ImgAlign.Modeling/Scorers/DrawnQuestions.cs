namespace ImgAlign.Scorers;

/// <summary>
/// Questions that a judge draws from prompts, by the instructions of the Davidsonian Scene Graph (Cho et al., 2024, j-min/DSG): first what
/// the prompt says, one thing a line, and then a question for each. The instructions are the published ones; the examples are our own, three
/// in the place of 23.
/// </summary>
/// <param name="judge">The judge.</param>
internal sealed class DrawnQuestions(IImageJudge judge)
{
    private const int MostKept = 1024;
    private const int AnswerTokens = 256;

    private const string ToTuples = """
        Task: given input prompts, describe each scene with skill-specific tuples.
        Do not generate same tuples again. Do not generate tuples that are not explicitly described in the prompts.
        output format: id | tuple

        input: A wooden boat on a calm lake.
        output: 1 | entity - whole (boat)
        2 | entity - whole (lake)
        3 | attribute - material (boat, wooden)
        4 | attribute - state (lake, calm)
        5 | relation - spatial (boat, lake, on)

        input: A watercolor of two girls who feed a horse.
        output: 1 | global - (watercolor)
        2 | entity - whole (girls)
        3 | other - count (girls, ==2)
        4 | entity - whole (horse)
        5 | action - (girls, horse, feed)

        input: A red cube left of a blue sphere.
        output: 1 | entity - whole (cube)
        2 | entity - whole (sphere)
        3 | attribute - color (cube, red)
        4 | attribute - color (sphere, blue)
        5 | relation - spatial (cube, sphere, left of)

        input: {}
        output:
        """;

    private const string ToQuestions = """
        Task: given input prompts and skill-specific tuples, re-write tuple each in natural language question.
        output format: id | question

        input: A wooden boat on a calm lake.
        1 | entity - whole (boat)
        2 | entity - whole (lake)
        3 | attribute - material (boat, wooden)
        4 | attribute - state (lake, calm)
        5 | relation - spatial (boat, lake, on)
        output: 1 | Is there a boat?
        2 | Is there a lake?
        3 | Is the boat wooden?
        4 | Is the lake calm?
        5 | Is the boat on the lake?

        input: A watercolor of two girls who feed a horse.
        1 | global - (watercolor)
        2 | entity - whole (girls)
        3 | other - count (girls, ==2)
        4 | entity - whole (horse)
        5 | action - (girls, horse, feed)
        output: 1 | Is this a watercolor?
        2 | Are there girls?
        3 | Are there two girls?
        4 | Is there a horse?
        5 | Do the girls feed the horse?

        input: {}
        output:
        """;

    private readonly Dictionary<string, IReadOnlyList<PictureQuestion>> kept = [];

    /// <summary>Checks that questions can be drawn from a prompt, without computing anything.</summary>
    /// <exception cref="ArgumentException">The prompt is too long, or holds a control token.</exception>
    public void Check(string prompt)
    {
        try
        {
            judge.CheckText(Fill(ToTuples, prompt));
        }
        catch (ArgumentException exception)
        {
            throw new InvalidRequestException(
                $"{judge.Name} cannot draw questions from the prompt; give them, or take another judge: {exception.Message}"
            );
        }
    }

    /// <summary>The questions for a prompt, drawn once.</summary>
    /// <exception cref="ImgAlignException">The judge's answer holds no question.</exception>
    public IReadOnlyList<PictureQuestion> Of(string prompt)
    {
        if (kept.TryGetValue(prompt, out var known))
            return known;
        var tuples = Lines(judge.Write(Fill(ToTuples, prompt), AnswerTokens));
        var asked = string.Join('\n', tuples.Select(static (tuple, index) => $"{index + 1} | {tuple}").Prepend(prompt));
        var by = $"{judge.Name}, by DSG's instructions";
        PictureQuestion[] questions =
        [
            .. (tuples.Count == 0 ? [] : Lines(judge.Write(Fill(ToQuestions, asked), AnswerTokens)))
                .Where(static line => line.EndsWith('?'))
                .Distinct()
                .Select(line => new PictureQuestion(line) { DrawnBy = by })
                .Where(static question => GenEval2.Problem(question) is null),
        ];
        if (questions.Length == 0)
        {
            throw new ImgAlignException(
                $"{judge.Name} drew no question from the prompt \"{prompt}\"; give the questions, or take a larger model as judge."
            );
        }
        if (kept.Count == MostKept)
            kept.Clear();
        return kept[prompt] = questions;
    }

    private static string Fill(string template, string text) => template.Replace("{}", text, StringComparison.Ordinal);

    // What stands behind the number of each line of the answer, up to the first line that is none of them.
    private static List<string> Lines(string answer) =>
        [
            .. answer
                .Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .Select(static line => line.Split('|', 2, StringSplitOptions.TrimEntries))
                .TakeWhile(static parts => parts is [var id, { Length: > 0 }] && int.TryParse(id, out _))
                .Select(static parts => parts[1]),
        ];
}
