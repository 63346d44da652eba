namespace ImgAlign;

/// <summary>A multimodal language model that reads a picture and a question about it (IMG, section 3.2).</summary>
public interface IMisalignmentDetector : IModel
{
    /// <summary>The width of its hidden states, D.</summary>
    int HiddenSize { get; }

    /// <summary>Checks that a question can be asked, without computing anything, before a run begins.</summary>
    /// <param name="question">The question, without the conversation template.</param>
    /// <exception cref="ArgumentException">The question is too long for the model, or holds what the model reserves.</exception>
    void CheckQuestion(string question);

    /// <summary>
    /// Reads pictures and questions, and gives the last layer's hidden states after the final norm. If asked to, it also answers each
    /// question in words, greedily, after the same reading; otherwise nothing is decoded and no logits are computed.
    /// </summary>
    /// <param name="inputs">What is read: B pairs, each as it would be read alone.</param>
    /// <param name="critiqueTokens">The most tokens that an answer may have; 0: no answers.</param>
    /// <param name="cancellationToken">Seen between the tokens of the answers.</param>
    /// <returns>One a pair. They have a critique where <paramref name="critiqueTokens"/> is not 0; the hidden states do not depend on
    /// that.</returns>
    IReadOnlyList<Detection> Detect(
        IReadOnlyList<DetectionInput> inputs,
        int critiqueTokens = 0,
        CancellationToken cancellationToken = default
    );
}
