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
