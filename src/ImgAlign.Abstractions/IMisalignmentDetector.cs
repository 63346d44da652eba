using TorchSharp;

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
    /// Runs the prefill, without decoding and without computing logits, and gives the last layer's hidden states after the final norm.
    /// </summary>
    /// <param name="image">The image to read.</param>
    /// <param name="question">The question, without the conversation template.</param>
    /// <returns><c>[1, N, D]</c> on the device, every token of the sequence; the caller's.</returns>
    torch.Tensor Detect(RgbImage image, string question);

    /// <summary>Answers the question in words, greedily, so that a person sees what the detector saw.</summary>
    /// <param name="image">The image to read.</param>
    /// <param name="question">The question, without the conversation template.</param>
    /// <param name="maxNewTokens">The most tokens that the answer may have, at least 1.</param>
    /// <param name="cancellationToken">Seen between tokens.</param>
    string Describe(RgbImage image, string question, int maxNewTokens = 128, CancellationToken cancellationToken = default);
}
