using ImgAlign.Runtime;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>Sees the same in every picture: the hidden states that a case gives.</summary>
/// <param name="runtime">The device.</param>
/// <param name="hiddenStates"><c>[1, N, D]</c>; borrowed.</param>
internal sealed class GivenDetector(DeviceRuntime runtime, torch.Tensor hiddenStates) : IMisalignmentDetector
{
    public string Name => "given hidden states";

    public DeviceRuntime Runtime => runtime;

    public int HiddenSize => (int)hiddenStates.shape[2];

    public void CheckQuestion(string question) { }

    public IReadOnlyList<Detection> Detect(
        IReadOnlyList<DetectionInput> inputs,
        int critiqueTokens = 0,
        CancellationToken cancellationToken = default
    ) => [.. inputs.Select(_ => new Detection(hiddenStates.clone()))];

    /// <summary>Owns nothing.</summary>
    public void Dispose() { }
}
