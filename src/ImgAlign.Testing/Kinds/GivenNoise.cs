using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>The draws that a case gives, for all of its items together, in their order; after the last the first again.</summary>
/// <param name="draws">Each of the shape that is asked for; borrowed.</param>
internal sealed class GivenNoise(params IReadOnlyList<torch.Tensor> draws) : INoiseSource
{
    private int drawn;

    public torch.Tensor Draw(IReadOnlyList<long> shape) => draws[drawn++ % draws.Count].clone();
}
