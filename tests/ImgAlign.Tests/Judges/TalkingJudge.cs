using ImgAlign.Runtime;

namespace ImgAlign.Tests.Judges;

/// <summary>A judge that says what it is told to: it draws two questions, and answers each with a probability that a test gives.</summary>
internal sealed class TalkingJudge(DeviceRuntime runtime) : IImageJudge
{
    public string Name => "Talker";

    public DeviceRuntime Runtime => runtime;

    public VqaTemplate VqaScore { get; } = new("Is it {}?", "Yes", AnswerTokens.First);

    /// <summary>What it was asked to write.</summary>
    public List<string> Written { get; } = [];

    /// <summary>What it writes in place of tuples and questions.</summary>
    public string? Answer { get; init; }

    /// <summary>The probability of a question's answer.</summary>
    public Func<RgbImage, string, double> Probability { get; init; } = static (_, _) => 0.5;

    /// <summary>How many questions it answers; it leaves out the others.</summary>
    public int MostAnswers { get; init; } = int.MaxValue;

    public void CheckQuestion(JudgeQuestion question) { }

    public IReadOnlyList<double> Judge(RgbImage image, IReadOnlyList<JudgeQuestion> questions, CancellationToken cancellationToken) =>
        [.. questions.Take(MostAnswers).Select(question => Probability(image, question.Text))];

    public void CheckText(string text) { }

    public string Write(string text, int maxTokens, CancellationToken cancellationToken)
    {
        Written.Add(text);
        return Answer
            ?? (
                Written.Count % 2 == 1
                    ? "1 | entity - whole (cat)\n2 | attribute - color (cat, red)"
                    : "1 | Is there a cat?\n2 | Is the cat red?\n\ninput: more"
            );
    }

    public void Dispose() { }
}
