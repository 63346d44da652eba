using ImgAlign.Runtime;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>Passes everything on to a detector, and keeps the hidden states.</summary>
/// <param name="inner">The detector; borrowed.</param>
internal sealed class RecordedDetector(IMisalignmentDetector inner) : IMisalignmentDetector
{
    private readonly RecordedTensors kept = new();

    public string Name => inner.Name;

    public DeviceRuntime Runtime => inner.Runtime;

    public int HiddenSize => inner.HiddenSize;

    /// <summary>The last hidden states.</summary>
    public torch.Tensor? HiddenStates { get; private set; }

    public void CheckQuestion(string question) => inner.CheckQuestion(question);

    public IReadOnlyList<Detection> Detect(
        IReadOnlyList<DetectionInput> inputs,
        int critiqueTokens = 0,
        CancellationToken cancellationToken = default
    )
    {
        var detections = inner.Detect(inputs, critiqueTokens, cancellationToken);
        HiddenStates = kept.Keep(detections[^1].HiddenStates);
        return detections;
    }

    /// <summary>Owns nothing.</summary>
    public void Dispose() { }
}
