using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Sampling;

/// <summary>
/// Unit normal noise as PyTorch draws it on the CPU: the same seed and shapes give the same numbers as
/// <c>torch.Generator("cpu").manual_seed(seed)</c> and <c>torch.randn</c> in Python, whatever device the noise is used on. It is libtorch's
/// own generator.
/// </summary>
public sealed class TorchNoise : INoiseSource, IDisposable
{
    private readonly Generator generator;

    /// <summary>Seeds a generator.</summary>
    /// <param name="seed">The seed; negative ones count from 2^64, as in PyTorch.</param>
    public TorchNoise(long seed) => generator = new Generator(unchecked((ulong)seed), CPU);

    /// <inheritdoc/>
    /// <remarks>A draw of 15 and one of 16 numbers begin differently: the shape is part of what is drawn.</remarks>
    public Tensor Draw(IReadOnlyList<long> shape) => randn([.. shape], float32, CPU, generator: generator);

    /// <summary>Frees the generator.</summary>
    public void Dispose() => generator.Dispose();
}
