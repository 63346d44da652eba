using TorchSharp;

namespace ImgAlign.Checkpoints;

/// <summary>
/// A checkpoint with LoRAs merged into it: reads as the base checkpoint does, with <c>W + scale * alpha / rank * up @ down</c> in float32 in
/// place of each changed weight. Whatever loads the base can load this.
/// </summary>
public sealed class LoraCheckpoint : Checkpoint
{
    private const string Weight = ".weight";

    private readonly Checkpoint checkpoint;
    private readonly Dictionary<string, List<Merge>> merges = [];
    private readonly Dictionary<string, TensorInfo> tensors;

    private sealed record Merge(WeightSource Place, long[] Shape, LoraLayer Layer, Checkpoint File, double Scale);

    /// <summary>Finds the weights that LoRAs change; reads no weights yet.</summary>
    /// <param name="checkpoint">The base; borrowed, and needed as long as this is.</param>
    /// <param name="network">The network that the weights are for, usually on the meta device.</param>
    /// <param name="map">How the network's parameters are named in the base.</param>
    /// <param name="target">Which of the LoRAs' networks it is.</param>
    /// <param name="loras">The LoRAs with their scales; borrowed, and needed as long as this is. Several add up.</param>
    /// <param name="alternativeName">A second name that LoRA files have for a parameter of the network, beside its own.</param>
    /// <exception cref="CheckpointException">A LoRA changes a layer that the network does not have, or of another shape.</exception>
    public LoraCheckpoint(
        Checkpoint checkpoint, torch.nn.Module network, WeightMap map, LoraTarget target, IEnumerable<(LoraWeights Lora, double Scale)> loras, Func<string, string>? alternativeName = null)
    {
        this.checkpoint = checkpoint;
        var weights = ModuleParameters.Enumerate(network).Where(parameter => parameter.Path.EndsWith(Weight, StringComparison.Ordinal))
            .Select(parameter => (parameter.Path, parameter.Value.shape)).ToList();
        var byName = weights.SelectMany(weight => Names(weight.Path, alternativeName).Select(name => (name, weight))).ToDictionary(pair => pair.name, pair => pair.weight);
        var unused = checkpoint.Tensors.Keys.Where(map.IsIgnored).Select(LoraKey.Flatten).ToList();

        foreach (var (lora, scale) in loras)
        {
            if (!double.IsFinite(scale)) throw new ArgumentException($"The scale of {lora.Source} is {scale}, not a finite number.", nameof(loras));
            foreach (var layer in lora.Layers.Where(layer => layer.Target == target))
            {
                if (byName.TryGetValue(layer.Name, out var weight)) Add(new Merge(map.Resolve(weight.Path), weight.shape, layer, lora.File, scale), network);
                // The network may have been built without layers that the base has: those need no change.
                else if (!unused.Any(name => name.EndsWith(layer.Name + "_weight", StringComparison.Ordinal)))
                    throw new CheckpointException(lora.File.FileOf(layer.Up.Name), $"changes a layer that {network.GetName()} does not have; is the LoRA for another model?", layer.Up.Name);
            }
        }
        tensors = checkpoint.Tensors.Values.ToDictionary(info => info.Name, info => merges.ContainsKey(info.Name) ? info with { Type = torch.float32 } : info);
    }

    /// <inheritdoc/>
    public override string Source => checkpoint.Source;

    /// <inheritdoc/>
    public override string Format => checkpoint.Format + " with LoRA";

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Metadata => checkpoint.Metadata;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, TensorInfo> Tensors => tensors;

    /// <inheritdoc/>
    public override string FileOf(string name) => checkpoint.FileOf(name);

    /// <inheritdoc/>
    public override torch.Tensor Read(string name)
    {
        if (!merges.TryGetValue(name, out var changes)) return checkpoint.Read(name);
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var merged = checkpoint.Read(name).to(torch.float32, copy: true);  // a copy: reads may share a mapping
        foreach (var change in changes)
            change.Place.Combine([merged], change.Shape).add_(change.Layer.Delta(change.File, change.Shape), change.Scale);
        return merged.MoveToOuterDisposeScope();
    }

    private static IEnumerable<string> Names(string path, Func<string, string>? alternativeName)
    {
        var names = alternativeName is null ? new[] { path } : [path, alternativeName(path)];
        return names.Select(name => LoraKey.Flatten(name[..^Weight.Length])).Distinct();
    }

    private void Add(Merge merge, torch.nn.Module network)
    {
        var (file, up) = (merge.File.FileOf(merge.Layer.Up.Name), merge.Layer.Up);
        if (!merge.Layer.Fits(merge.Shape))
            throw new CheckpointException(file, $"has shape {up.ShapeText} and its counterpart {merge.Layer.Down.ShapeText}, which do not fit the weight {TensorInfo.FormatShape(merge.Shape)} of {network.GetName()}; is the LoRA for another model?", up.Name);
        if (merge.Place is not (WeightSource.Whole or WeightSource.Reshaped or WeightSource.RowBlock))
            throw new CheckpointException(file, $"changes a weight that {checkpoint.Source} does not hold as such; use a checkpoint in diffusers' layout.", up.Name);
        var name = merge.Place.Names[0];
        if (!merges.TryGetValue(name, out var list)) merges[name] = list = [];
        list.Add(merge);
    }
}
