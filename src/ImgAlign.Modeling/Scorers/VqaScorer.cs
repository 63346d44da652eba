namespace ImgAlign.Scorers;

/// <summary>VQAScore (Lin et al., 2024): how probable it is to a multimodal language model that the picture shows the prompt.</summary>
public sealed class VqaScorer : JudgeScorer
{
    /// <summary>The name of one that is given no other.</summary>
    public const string DefaultName = "vqa";

    private readonly Func<string, JudgeQuestion> ask;

    /// <summary>Makes a scorer of a judge.</summary>
    /// <param name="judge">The judge; disposed by whoever made it.</param>
    /// <param name="options">The formula; null: that of VQAScore's authors.</param>
    /// <param name="name">The name in records.</param>
    public VqaScorer(IImageJudge judge, VqaScoreOptions? options = null, string name = DefaultName)
        : base(judge, name)
    {
        options ??= new VqaScoreOptions();
        var (published, question, penalty) = (Judge.VqaScore, options.Question, options.RepetitionPenalty);
        ask = options.Formula switch
        {
            VqaFormula.VqaScore => prompt =>
                (published with { Question = question ?? published.Question }).Ask(prompt) with
                {
                    RepetitionPenalty = penalty,
                },
            VqaFormula.GenEval2 => prompt =>
                GenEval2.AskWhether(prompt, question ?? GenEval2.VqaQuestion) with
                {
                    RepetitionPenalty = penalty ?? 1,
                },
            _ => throw new ArgumentException(
                $"Formula is {(int)options.Formula}; use {string.Join(" or ", Enum.GetNames<VqaFormula>())}.",
                nameof(options)
            ),
        };
    }

    /// <inheritdoc/>
    protected override IReadOnlyList<(PictureQuestion Question, JudgeQuestion Asked)> Ask(
        string prompt,
        IReadOnlyList<PictureQuestion> questions
    ) => ask(prompt) is var asked ? [(new(asked.Text, asked.Answers[0]), asked)] : [];

    /// <inheritdoc/>
    protected override double Combine(IReadOnlyList<double> probabilities) => probabilities[0];
}
