using static TorchSharp.torch;

namespace ImgAlign.Networks.Layers;

/// <summary>The rotation of each position. Owns its tensors.</summary>
/// <param name="Cosines">Of each frequency, for both halves; broadcasts to <c>[B, H, N, d]</c>.</param>
/// <param name="Sines">Of each frequency; broadcasts to <c>[B, H, N, d/2]</c>.</param>
public sealed record RotaryTable(Tensor Cosines, Tensor Sines) : IDisposable
{
    /// <summary>Frees both tensors.</summary>
    public void Dispose()
    {
        Cosines.Dispose();
        Sines.Dispose();
    }
}
