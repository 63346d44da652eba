namespace ImgAlign;

/// <summary>
/// A multimodal language model that reads an image and a question about it (IMG, section 3.2). Synchronous, on the device's worker thread.
/// </summary>
public interface IMisalignmentDetector : IDisposable
{
    /// <summary>The name in records and messages, such as <c>LLaVA-1.5</c>.</summary>
    string Name { get; }

    /// <summary>The width of its hidden states, D.</summary>
    int HiddenSize { get; }

    /// <summary>Checks that a question can be asked, without computing anything: the pipeline calls it before it generates a picture.</summary>
    /// <param name="question">The question, without the conversation template.</param>
    /// <exception cref="ImgAlignException">The question is too long for the model, or holds what the model reserves.</exception>
    void CheckQuestion(string question);

    /// <summary>
    /// Reads image and question, and gives the last layer's hidden states after the final norm. If asked to, it also answers the question in
    /// words, greedily, after the same reading; otherwise nothing is decoded and no logits are computed.
    /// </summary>
    /// <param name="image">The image to read.</param>
    /// <param name="question">The question, without the conversation template.</param>
    /// <param name="critiqueTokens">The most tokens that the answer may have; 0: no answer.</param>
    /// <param name="cancellationToken">Seen between the tokens of the answer.</param>
    /// <returns>The caller's. It has a critique where <paramref name="critiqueTokens"/> is not 0; the hidden states do not depend on that.</returns>
    Detection Detect(RgbImage image, string question, int critiqueTokens = 0, CancellationToken cancellationToken = default);
}
