using static TorchSharp.torch;

namespace ImgAlign.Testing.SelfTest;

/// <summary>Inputs of a network, the same on every device and in every type: they are exact in bfloat16.</summary>
/// <param name="type">The type that the network runs in.</param>
/// <param name="device">Where it runs.</param>
internal sealed class SeededInputs(ScalarType type, Device device) : IDisposable
{
    private readonly Generator generator = new(1, CPU);

    /// <summary>Where the network runs.</summary>
    public Device Device => device;

    /// <summary>Noise from 0 to 1 about 0.</summary>
    public Tensor Noise(params long[] shape) => randn(shape, float32, CPU, generator: generator).to(bfloat16).to(type).to(device);

    /// <summary>Numbers that networks take in float32 whatever they run in, such as timesteps.</summary>
    public Tensor Numbers(float[] values, params long[] shape) => tensor(values).reshape(shape).to(device);

    /// <summary>Token ids <c>[1, count]</c> below <paramref name="end"/>.</summary>
    public Tensor Ids(long count, long end) => randint(0, end, [1, count], int64, CPU, generator: generator).to(device);

    /// <inheritdoc/>
    public void Dispose() => generator.Dispose();
}
