using ImgAlign.Checkpoints;
using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImgAlign.Training.Detector;

/// <summary>
/// Low-rank changes of a network's linear layers (LoRA, Hu et al., 2021): <c>y += alpha / rank * B (A x)</c>, added by hooks, so that the
/// network knows nothing of them. B starts at zero: nothing is changed at first. Owns A and B.
/// </summary>
public sealed class LowRankAdapters : IDisposable
{
    private readonly double scale;
    private readonly List<Adapter> adapters = [];

    private sealed record Adapter(string Path, CompactLinear Layer, Parameter Down, Parameter Up, IDisposable Hook);

    /// <summary>Hooks adapters to all linear layers of a network whose paths are chosen.</summary>
    /// <param name="network">The network, with weights; borrowed.</param>
    /// <param name="isAdapted">Chooses by a layer's path.</param>
    /// <param name="rank">Rows of A.</param>
    /// <param name="alpha">The numerator of the scale.</param>
    /// <param name="seed">Draws A.</param>
    public LowRankAdapters(nn.Module network, Func<string, bool> isAdapted, int rank, double alpha, long seed)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(isAdapted);
        ArgumentOutOfRangeException.ThrowIfLessThan(rank, 1);
        scale = alpha / rank;
        using var noGrad = no_grad();
        using var generator = new Generator(unchecked((ulong)seed), CPU);
        foreach (
            var (path, layer) in network
                .named_modules()
                .Where(pair => isAdapted(pair.name))
                .Select(pair => (pair.name, pair.module as CompactLinear))
        )
        {
            if (layer is not null)
                adapters.Add(Hook(path, layer, rank, generator));
        }
        if (adapters.Count == 0)
            throw new ArgumentException("None of the network's linear layers is chosen.", nameof(isAdapted));
    }

    /// <summary>A and B of all layers under peft's names, <c>PATH.lora_A.weight</c> and <c>PATH.lora_B.weight</c>.</summary>
    /// <param name="layerName">The name of a layer in the published layout, from its path.</param>
    public IReadOnlyDictionary<string, Parameter> Parameters(Func<string, string> layerName) =>
        adapters
            .SelectMany(adapter =>
                new[]
                {
                    KeyValuePair.Create($"base_model.model.{layerName(adapter.Path)}.lora_A.weight", adapter.Down),
                    KeyValuePair.Create($"base_model.model.{layerName(adapter.Path)}.lora_B.weight", adapter.Up),
                }
            )
            .ToDictionary();

    /// <summary>A layer's weight with its change, by the layer's path; each is disposed by the caller.</summary>
    public IEnumerable<(string Path, Func<Tensor> Weight)> MergedWeights() =>
        adapters.Select(adapter => (adapter.Path, (Func<Tensor>)(() => Merge(adapter))));

    /// <summary>Takes the hooks away and frees A and B.</summary>
    public void Dispose()
    {
        foreach (var adapter in adapters)
        {
            adapter.Hook.Dispose();
            adapter.Down.Dispose();
            adapter.Up.Dispose();
        }
    }

    private Adapter Hook(string path, CompactLinear layer, int rank, Generator generator)
    {
        var (outputs, inputs) = (layer.Weight.shape[0], layer.Weight.shape[1]);
        using var scope = NewDisposeScope();
        var bound = Math.Sqrt(3.0 / inputs);
        var drawn = rand([rank, inputs], float32, CPU, generator: generator).Times(2).Minus(1).Times(bound).to(layer.Weight.device);
        var down = ModuleParameters.AsParameter(drawn.to(float32));
        var up = ModuleParameters.AsParameter(zeros([outputs, rank], device: layer.Weight.device));
        var remover = layer.register_forward_hook(
            (_, input, output) =>
            {
                using var hookScope = NewDisposeScope();
                var change = nn.functional.linear(nn.functional.linear(input, down.to(input.dtype)), up.to(input.dtype)).Times(scale);
                return output.Plus(change).MoveToOuterDisposeScope();
            }
        );
        return new Adapter(path, layer, down, up, new HookRemoval(remover.remove));
    }

    private Tensor Merge(Adapter adapter)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        return adapter
            .Layer.Weight.to(float32)
            .Plus(adapter.Up.mm(adapter.Down).Times(scale))
            .to(adapter.Layer.Weight.dtype)
            .MoveToOuterDisposeScope();
    }

    private sealed class HookRemoval(Action remove) : IDisposable
    {
        public void Dispose() => remove();
    }
}
