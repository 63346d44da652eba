using ImgAlign.Runtime;

namespace ImgAlign.Scorers;

/// <summary>What scorers have in common that have a judge answer questions. The judge is not theirs: it may be the detector.</summary>
public abstract class JudgeScorer : IJudgeScorer
{
    /// <summary>Makes a scorer of a judge.</summary>
    /// <param name="judge">The judge; disposed by whoever made it.</param>
    /// <param name="name">The name in records.</param>
    protected JudgeScorer(IImageJudge judge, string name)
    {
        ArgumentNullException.ThrowIfNull(judge);
        (Judge, Name) = (judge, name);
    }

    /// <inheritdoc/>
    public IImageJudge Judge { get; }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public DeviceRuntime Runtime => Judge.Runtime;

    /// <inheritdoc/>
    public void CheckPrompt(string prompt) => CheckQuestions(prompt, []);

    /// <inheritdoc/>
    public void CheckQuestions(string prompt, IReadOnlyList<PictureQuestion> questions)
    {
        foreach (var (_, asked) in Ask(prompt, questions))
            Judge.CheckQuestion(asked);
    }

    /// <inheritdoc/>
    public IReadOnlyList<double> Score(IReadOnlyList<RgbImage> images, IReadOnlyList<string> prompts)
    {
        ScorerInput.Require(images, prompts);
        return
        [
            .. Score(images, prompts, [.. prompts.Select(static _ => Array.Empty<PictureQuestion>())])
                .Select(static judged => judged.Score),
        ];
    }

    /// <inheritdoc/>
    public IReadOnlyList<JudgedPicture> Score(
        IReadOnlyList<RgbImage> images,
        IReadOnlyList<string> prompts,
        IReadOnlyList<IReadOnlyList<PictureQuestion>> questions
    )
    {
        ScorerInput.Require(images, prompts);
        ArgumentNullException.ThrowIfNull(questions);
        if (questions.Count != images.Count)
            throw new ArgumentException($"There are {images.Count} pictures, but {questions.Count} lists of questions.", nameof(questions));
        return [.. images.Select((image, index) => Score(image, Ask(prompts[index], Complete(prompts[index], questions[index]))))];
    }

    /// <summary>Frees nothing.</summary>
    public void Dispose() => GC.SuppressFinalize(this);

    /// <summary>The questions about a picture; the given ones unless the scorer has others.</summary>
    protected virtual IReadOnlyList<PictureQuestion> Complete(string prompt, IReadOnlyList<PictureQuestion> questions) => questions;

    /// <summary>What the judge is asked.</summary>
    protected abstract IReadOnlyList<(PictureQuestion Question, JudgeQuestion Asked)> Ask(
        string prompt,
        IReadOnlyList<PictureQuestion> questions
    );

    /// <summary>The score of what the judge said.</summary>
    /// <param name="probabilities">The probability of each question's answer.</param>
    protected abstract double Combine(IReadOnlyList<double> probabilities);

    private JudgedPicture Score(RgbImage image, IReadOnlyList<(PictureQuestion Question, JudgeQuestion Asked)> questions)
    {
        var probabilities = Judge.Judge(image, [.. questions.Select(static question => question.Asked)]);
        if (probabilities.Count != questions.Count)
            throw new ImgAlignException(
                $"{Judge.Name} gave {probabilities.Count} answers to {questions.Count} questions; repair the judge."
            );
        foreach (var (question, probability) in questions.Zip(probabilities))
        {
            if (!double.IsFinite(probability) || probability < 0)
                throw new ImgAlignException(
                    $"{Judge.Name} answered the question \"{question.Asked.Text}\" with the probability {probability}; take another judge."
                );
        }
        return new(
            Combine(probabilities),
            [.. questions.Zip(probabilities, static (question, probability) => new JudgedAnswer(question.Question, probability))]
        );
    }
}
