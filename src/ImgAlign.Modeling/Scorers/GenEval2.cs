namespace ImgAlign.Scorers;

/// <summary>How GenEval 2 asks its judge (facebookresearch/GenEval2, <c>evaluation.py</c>): the probability of an answer is the sum over
/// ways of writing it, of which each counts by its first token.</summary>
public static class GenEval2
{
    private const string Counting = "How many";

    private static readonly string[] Yes = ["Yes", "yes", " yes", " Yes"];
    private static readonly string[] Numbers = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

    /// <summary>The question of its own VQAScore.</summary>
    public const string VqaQuestion = "Does this image show \"{}\"? Answer the question with Yes or No.";

    /// <summary>A question of Soft-TIFA.</summary>
    /// <param name="question">The question. Only of one that begins with <c>How many</c> the answer is looked at; any other is answered with
    /// yes.</param>
    public static JudgeQuestion Ask(PictureQuestion question)
    {
        ArgumentNullException.ThrowIfNull(question);
        return new($"{question.Text} Answer in one word.", Forms(question), AnswerTokens.First);
    }

    /// <summary>What is wrong with a question that would be answered otherwise than it says, as a sentence; null where nothing is.</summary>
    /// <param name="question">The question.</param>
    internal static string? Problem(PictureQuestion question)
    {
        var (text, answer) = (question.Text, question.Answer);
        var isYes = answer.Equals("yes", StringComparison.OrdinalIgnoreCase);
        if (string.IsNullOrWhiteSpace(text))
            return "A question about the picture is empty; leave it out.";
        if (!text.StartsWith(Counting, StringComparison.Ordinal))
            return isYes
                ? null
                : $"The question \"{text}\" has the right answer \"{answer}\", but of all questions that do not begin with "
                    + $"\"{Counting}\" the answer Yes is right; put it so that it is.";
        return isYes || string.IsNullOrWhiteSpace(answer) || answer.Any(char.IsDigit)
            ? $"The question \"{text}\" has the right answer \"{answer}\"; give the number as a word, such as \"two\"."
            : null;
    }

    /// <summary>Whether a picture shows something: its own VQAScore.</summary>
    /// <param name="statement">What the picture should show.</param>
    /// <param name="question">The question, with <c>{}</c> in the statement's place.</param>
    public static JudgeQuestion AskWhether(string statement, string question = VqaQuestion) =>
        new VqaTemplate(question, "Yes", AnswerTokens.First).Ask(statement) with
        {
            Answers = Yes,
        };

    private static string[] Forms(PictureQuestion question)
    {
        if (!question.Text.StartsWith(Counting, StringComparison.Ordinal))
            return Yes;
        var answer = question.Answer;
        var capitalised = answer.Length == 0 ? "" : char.ToUpperInvariant(answer[0]) + answer[1..].ToLowerInvariant();
        var digit = Array.IndexOf(Numbers, answer) is >= 0 and var place ? $"{place + 1}" : "other";
        return [answer, capitalised, " " + answer, " " + capitalised, digit, " " + digit];
    }
}
