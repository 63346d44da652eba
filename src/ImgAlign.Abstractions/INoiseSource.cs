using TorchSharp;

namespace ImgAlign;

/// <summary>A stream of unit normal noise. One source may serve several items of a request, which then draw together, in their
/// order.</summary>
public interface INoiseSource
{
    /// <summary>The next draw.</summary>
    /// <param name="shape">The shape; it is part of what is drawn.</param>
    /// <returns>Float32, on the CPU; disposed by the caller.</returns>
    torch.Tensor Draw(IReadOnlyList<long> shape);
}
