using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>Passes everything on to a detector, and keeps the hidden states.</summary>
/// <param name="inner">The detector; borrowed.</param>
internal sealed class RecordedDetector(IMisalignmentDetector inner) : IMisalignmentDetector
{
    private readonly RecordedTensors kept = new();

    public string Name => inner.Name;

    public int HiddenSize => inner.HiddenSize;

    /// <summary>The last hidden states.</summary>
    public torch.Tensor? HiddenStates { get; private set; }

    public void CheckQuestion(string question) => inner.CheckQuestion(question);

    public Detection Detect(RgbImage image, string question, int critiqueTokens = 0, CancellationToken cancellationToken = default)
    {
        var detection = inner.Detect(image, question, critiqueTokens, cancellationToken);
        HiddenStates = kept.Keep(detection.HiddenStates);
        return detection;
    }

    /// <summary>Owns nothing.</summary>
    public void Dispose() { }
}

/// <summary>Sees the same in every picture: the hidden states that a case gives.</summary>
/// <param name="hiddenStates"><c>[1, N, D]</c>; borrowed.</param>
internal sealed class GivenDetector(torch.Tensor hiddenStates) : IMisalignmentDetector
{
    public string Name => "given hidden states";

    public int HiddenSize => (int)hiddenStates.shape[2];

    public void CheckQuestion(string question) { }

    public Detection Detect(RgbImage image, string question, int critiqueTokens = 0, CancellationToken cancellationToken = default) => new(hiddenStates.clone());

    /// <summary>Owns nothing.</summary>
    public void Dispose() { }
}
