using static TorchSharp.torch;

namespace ImgAlign.Detectors;

/// <summary>What LLaVA reads. Owns its tensors.</summary>
/// <param name="Ids">Token ids <c>[B, N']</c>, the image as one marker; on the CPU, where they are read.</param>
/// <param name="Pixels">Normalised pixels <c>[B, 3, S, S]</c>, on the model's device, or null where there is no image.</param>
public sealed record LlavaInput(Tensor Ids, Tensor? Pixels) : IDisposable
{
    public void Dispose()
    {
        Ids.Dispose();
        Pixels?.Dispose();
    }
}
