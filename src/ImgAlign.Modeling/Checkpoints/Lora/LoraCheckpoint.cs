using TorchSharp;

namespace ImgAlign.Checkpoints;

/// <summary>
/// A checkpoint with LoRAs merged into it: reads as the base checkpoint does, with <c>W + scale * (alpha / rank) * up @ down</c> in float32
/// in place of each changed weight. Whatever loads the base can load this.
/// </summary>
public sealed class LoraCheckpoint : Checkpoint
{
    private const string Weight = ".weight";

    private readonly Checkpoint checkpoint;
    private readonly Dictionary<string, List<Change>> merges = [];
    private readonly Dictionary<string, TensorInfo> tensors;

    // Of a packed projection one part is read after the other: what was merged last is kept, so that it is merged once.
    private (string Name, torch.Tensor Merged)? last;

    // A parameter of the network, and where a LoRA's layer has its change: in whole, or packed with others.
    private sealed record Parameter(string Path, long[] Shape, WeightSource InLora);

    private sealed record Change(WeightSource Place, Parameter Parameter, LoraLayer Layer, Checkpoint File, double Scale);

    /// <summary>Finds the weights that LoRAs change; reads no weights yet.</summary>
    /// <param name="checkpoint">The base; borrowed, and needed as long as this is.</param>
    /// <param name="network">The network that the weights are for, usually on the meta device.</param>
    /// <param name="map">How the network's parameters are named in the base.</param>
    /// <param name="target">Which of the LoRAs' networks it is.</param>
    /// <param name="loras">The LoRAs with their scales; borrowed, and needed as long as this is. Several add up.</param>
    /// <param name="layouts">Layouts beside the network's own that LoRA files name layers by. Projections may be packed there.</param>
    /// <exception cref="CheckpointException">A LoRA changes a layer that the network does not have, or of another shape.</exception>
    public LoraCheckpoint(
        Checkpoint checkpoint,
        torch.nn.Module network,
        WeightMap map,
        LoraTarget target,
        IEnumerable<(LoraWeights Lora, double Scale)> loras,
        params WeightMap[] layouts
    )
    {
        this.checkpoint = checkpoint;
        var byName = ModuleParameters
            .Enumerate(network)
            .Where(parameter => parameter.Path.EndsWith(Weight, StringComparison.Ordinal))
            .SelectMany(parameter =>
                layouts
                    .Prepend(WeightMap.Identity)
                    .Select(layout => new Parameter(parameter.Path, parameter.Shape, layout.Resolve(parameter.Path)))
            )
            .Where(parameter => parameter.InLora.Names[0].EndsWith(Weight, StringComparison.Ordinal))
            .DistinctBy(parameter => (parameter.Path, parameter.InLora.Names[0]))
            .ToLookup(parameter => LoraKey.Flatten(parameter.InLora.Names[0][..^Weight.Length]));
        var unused = checkpoint.Tensors.Keys.Where(map.IsIgnored).Select(static name => WithoutTower(LoraKey.Flatten(name))).ToHashSet();
        var applied = new List<int>();

        foreach (var (lora, scale) in loras)
        {
            applied.Add(0);
            if (!double.IsFinite(scale))
                throw new ArgumentException($"The scale of {lora.Source} is {scale}, not a finite number.", nameof(loras));
            foreach (var layer in lora.Layers.Where(layer => layer.Target == target))
            {
                foreach (var parameter in byName[layer.Name])
                    Add(new Change(map.Resolve(parameter.Path), parameter, layer, lora.File, scale), network);
                if (byName.Contains(layer.Name))
                    applied[^1]++;
                // The network may have been built without layers that the base has: those need no change.
                else if (!unused.Contains(WithoutTower(layer.Name + "_weight")))
                    throw lora.File.Fault(
                        layer.Up.Name,
                        $"changes a layer that {network.GetName()} does not have; is the LoRA for another model?"
                    );
            }
        }
        AppliedLayers = applied;
        tensors = checkpoint.Tensors.Values.ToDictionary(
            info => info.Name,
            info => merges.ContainsKey(info.Name) ? info with { Type = torch.float32, Form = null, IsComputed = true } : info
        );
    }

    /// <summary>How many layers of this network each LoRA changes.</summary>
    internal IReadOnlyList<int> AppliedLayers { get; }

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
    public override string NameInFile(string name) => checkpoint.NameInFile(name);

    /// <inheritdoc/>
    public override torch.Tensor Read(string name)
    {
        if (!merges.TryGetValue(name, out var changes))
            return checkpoint.Read(name);
        if (last is not { } kept || kept.Name != name)
        {
            Forget();
            last = kept = (name, Merge(name, changes).DetachFromDisposeScope());
        }
        return kept.Merged.alias();
    }

    /// <inheritdoc/>
    internal override CompactMatrix ReadCompact(string name) => checkpoint.ReadCompact(name);

    private torch.Tensor Merge(string name, List<Change> changes)
    {
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var merged = checkpoint.Read(name).to(torch.float32, copy: true); // a copy: reads may share a mapping
        foreach (var (place, parameter, layer, file, scale) in changes)
        {
            var delta = layer.Delta(file, parameter.InLora.ExpectedShapes(parameter.Shape)[0]);
            place.AddChange(merged, parameter.InLora.Combine([delta], parameter.Shape), scale);
        }
        return merged.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    internal override CheckpointException? FindNotFinite(string name) =>
        checkpoint.FindNotFinite(name)
        ?? merges
            .GetValueOrDefault(name, [])
            .Select(static merge => merge.File.FindNotFinite(merge.Layer.Down.Name) ?? merge.File.FindNotFinite(merge.Layer.Up.Name))
            .FirstOrDefault(static found => found is not null);

    /// <inheritdoc/>
    internal override void ReleasePages() => checkpoint.ReleasePages();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        Forget();
        base.Dispose(disposing);
    }

    private void Forget()
    {
        last?.Merged.Dispose();
        last = null;
    }

    // Newer checkpoints of CLIP leave out what LoRAs still have.
    private static string WithoutTower(string name) =>
        name.StartsWith("text_model_", StringComparison.Ordinal) ? name["text_model_".Length..] : name;

    private void Add(Change merge, torch.nn.Module network)
    {
        var (file, up) = (merge.File, merge.Layer.Up);
        var shape = merge.Parameter.InLora.ExpectedShapes(merge.Parameter.Shape)[0];
        if (!merge.Layer.Fits(shape))
            throw file.Fault(
                up.Name,
                $"has shape {up.ShapeText} and its counterpart {merge.Layer.Down.ShapeText}, which do not fit the weight "
                    + $"{TensorInfo.FormatShape(shape)} of {network.GetName()}; is the LoRA for another model?"
            );
        if (merge.Place is WeightSource.Stacked)
            throw file.Fault(
                up.Name,
                $"changes a weight that {checkpoint.Source} does not hold as such; use a checkpoint in diffusers' layout."
            );
        var name = merge.Place.Names[0];
        if (!merges.TryGetValue(name, out var list))
            merges[name] = list = [];
        list.Add(merge);
    }
}
