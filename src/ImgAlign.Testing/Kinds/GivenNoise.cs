using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>The noise that a case gives, for all of its items together; it is drawn once.</summary>
/// <param name="noise"><c>[B, C, h, w]</c>; borrowed.</param>
internal sealed class GivenNoise(torch.Tensor noise) : INoiseSource
{
    public torch.Tensor Draw(IReadOnlyList<long> shape) => noise.clone();
}
