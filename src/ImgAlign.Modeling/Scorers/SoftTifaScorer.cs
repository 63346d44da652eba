namespace ImgAlign.Scorers;

/// <summary>
/// Soft-TIFA (GenEval 2, Kamath et al., 2025): a question for each thing that the prompt says, and a mean of the probabilities of their
/// right answers. Its published numbers are those of Qwen3-VL-8B as judge.
/// </summary>
public sealed class SoftTifaScorer : JudgeScorer
{
    /// <summary>The name of one that is given no other.</summary>
    public const string DefaultName = "soft-tifa";

    private readonly SoftTifaOptions options;
    private readonly DrawnQuestions drawn;

    /// <summary>Makes a scorer of a judge.</summary>
    /// <param name="judge">The judge; disposed by whoever made it.</param>
    /// <param name="options">The mean, and whether questions may be drawn from prompts; null: the geometric mean, and no.</param>
    /// <param name="name">The name in records.</param>
    public SoftTifaScorer(IImageJudge judge, SoftTifaOptions? options = null, string name = DefaultName)
        : base(judge, name)
    {
        this.options = options ?? new SoftTifaOptions();
        drawn = new DrawnQuestions(judge);
    }

    /// <inheritdoc/>
    protected override IReadOnlyList<PictureQuestion> Complete(string prompt, IReadOnlyList<PictureQuestion> questions) =>
        questions.Count == 0 && options.DrawQuestions ? drawn.Of(prompt) : questions;

    /// <inheritdoc/>
    protected override IReadOnlyList<(PictureQuestion Question, JudgeQuestion Asked)> Ask(
        string prompt,
        IReadOnlyList<PictureQuestion> questions
    )
    {
        if (questions.Select(GenEval2.Problem).FirstOrDefault(static problem => problem is not null) is { } wrong)
            throw new InvalidRequestException(wrong);
        if (questions.Count > 0)
            return
            [
                .. questions.Select(question => (question, GenEval2.Ask(question) with { RepetitionPenalty = options.RepetitionPenalty })),
            ];
        if (!options.DrawQuestions)
        {
            throw new InvalidRequestException(
                $"The scorer {Name} has no questions for the prompt \"{prompt}\"; give PictureQuestions (--question-file), or let the "
                    + "judge draw them by DrawQuestions (--draw-questions)."
            );
        }
        drawn.Check(prompt);
        return [];
    }

    /// <inheritdoc/>
    protected override double Combine(IReadOnlyList<double> probabilities) =>
        options.Mean == SoftTifaMean.Arithmetic ? probabilities.Average() : GeometricMean(probabilities);

    /// <summary>The geometric mean; 0 where a number is 0.</summary>
    /// <param name="probabilities">At least one number of 0 or more.</param>
    public static double GeometricMean(IReadOnlyList<double> probabilities) => Math.Exp(probabilities.Average(Math.Log));
}
