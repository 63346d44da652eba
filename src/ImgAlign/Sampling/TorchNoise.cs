using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Sampling;

/// <summary>
/// Unit normal noise as PyTorch draws it on the CPU: the same seed and shapes give the same numbers as <c>torch.Generator("cpu").manual_seed(seed)</c>
/// and <c>torch.randn</c> in Python, whatever device the noise is used on. It is libtorch's own generator.
/// </summary>
public sealed class TorchNoise : IDisposable
{
    private readonly Generator generator;

    /// <summary>Seeds a generator.</summary>
    /// <param name="seed">The seed; negative ones count from 2^64, as in PyTorch.</param>
    public TorchNoise(long seed) => generator = new Generator(unchecked((ulong)seed), CPU);

    /// <summary>The next draw.</summary>
    /// <param name="shape">The shape; it is part of what is drawn: a draw of 15 and one of 16 numbers begin differently.</param>
    /// <returns>Float32, on the CPU; the caller's.</returns>
    public Tensor Randn(params long[] shape) => randn(shape, float32, CPU, generator: generator);

    /// <summary>A single draw.</summary>
    /// <param name="seed">The seed.</param>
    /// <param name="shape">The shape.</param>
    /// <returns>Float32, on the CPU; the caller's.</returns>
    public static Tensor Randn(long seed, long[] shape)
    {
        using var noise = new TorchNoise(seed);
        return noise.Randn(shape);
    }

    /// <summary>Frees the generator.</summary>
    public void Dispose() => generator.Dispose();
}
