namespace ImgAlign;

/// <summary>A multimodal language model that answers questions about pictures with probabilities.</summary>
public interface IImageJudge : IModel
{
    /// <summary>How VQAScore is published for this model.</summary>
    VqaTemplate VqaScore { get; }

    /// <summary>Checks that a question can be asked, without computing anything, before a run begins.</summary>
    /// <param name="question">The question.</param>
    /// <exception cref="ArgumentException">It is too long for the model, or it or an answer holds one of the model's control
    /// tokens.</exception>
    void CheckQuestion(JudgeQuestion question);

    /// <summary>Answers questions about one picture, which is read once for all of them.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="questions">At least one question.</param>
    /// <param name="cancellationToken">Seen between the questions.</param>
    /// <returns>The probability of each question's answer.</returns>
    /// <exception cref="ArgumentException">As for <see cref="CheckQuestion"/>.</exception>
    IReadOnlyList<double> Judge(RgbImage image, IReadOnlyList<JudgeQuestion> questions, CancellationToken cancellationToken = default);

    /// <summary>Checks that the model can be asked to <see cref="Write"/>, without computing anything.</summary>
    /// <param name="text">What the model is asked to do.</param>
    /// <exception cref="ArgumentException">The text is too long for the model, or holds a control token.</exception>
    void CheckText(string text);

    /// <summary>Answers a text without a picture in words, greedily.</summary>
    /// <param name="text">What the model is asked to do.</param>
    /// <param name="maxTokens">The most tokens of the answer, at least 1.</param>
    /// <param name="cancellationToken">Seen between the tokens.</param>
    /// <exception cref="ArgumentException">As for <see cref="CheckText"/>.</exception>
    string Write(string text, int maxTokens, CancellationToken cancellationToken = default);
}
