using ImgAlign.Checkpoints;
using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImgAlign.Training;

/// <summary>Gives a network random weights to begin with; the same seed gives the same ones everywhere.</summary>
public static class ParameterInitialization
{
    /// <summary>
    /// Replaces every parameter: linear layers and convolutions uniformly within <c>1 / sqrt(inputs)</c>, weights and biases, as PyTorch
    /// does by default; norms with ones and zeros; everything else, such as embeddings and latents, normally.
    /// </summary>
    /// <param name="network">A network, usually on the meta device.</param>
    /// <param name="seed">The seed.</param>
    /// <param name="device">Where the weights go; null: the CPU.</param>
    /// <param name="type">The type of the weights.</param>
    /// <param name="deviation">The standard deviation of what is drawn normally.</param>
    public static void Randomize(
        nn.Module network,
        long seed,
        Device? device = null,
        ScalarType type = ScalarType.Float32,
        double deviation = 0.02
    )
    {
        ArgumentNullException.ThrowIfNull(network);
        using var noGrad = no_grad();
        using var generator = new Generator(unchecked((ulong)seed), CPU);
        foreach (var (_, owner, name, parameter) in ModuleParameters.Enumerate(network).ToList())
        {
            using var scope = NewDisposeScope();
            var value = owner switch
            {
                AffineLayer layer => Uniform(
                    parameter.shape,
                    1 / Math.Sqrt(layer.Weight.shape[1..].Aggregate(1L, static (product, size) => product * size)),
                    generator
                ),
                LayerNorm or GroupNorm or RmsNorm => name == "weight" ? ones(parameter.shape) : zeros(parameter.shape),
                _ => randn(parameter.shape, float32, CPU, generator: generator).Times(deviation),
            };
            ModuleParameters.Assign(owner, name, value.to(type).to(device ?? CPU));
        }
    }

    private static Tensor Uniform(long[] shape, double bound, Generator generator) =>
        rand(shape, float32, CPU, generator: generator).Times(2).Minus(1).Times(bound);
}
