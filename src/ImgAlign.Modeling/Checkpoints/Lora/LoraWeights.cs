using TorchSharp;

namespace ImgAlign.Checkpoints;

/// <summary>
/// A LoRA file (Hu et al. 2021): low-rank changes of a model's linear layers and convolutions, in the formats of diffusers and peft and in
/// that of kohya's sd-scripts.
/// </summary>
public sealed class LoraWeights : IDisposable
{
    private readonly Checkpoint file;

    private LoraWeights(Checkpoint file)
    {
        this.file = file;
        Layers = ReadLayers(file);
    }

    /// <summary>Opens a LoRA file and checks it.</summary>
    /// <param name="path">The file, or a folder with one checkpoint in it.</param>
    /// <exception cref="CheckpointException">The file is missing, broken, or holds something else than low-rank changes.</exception>
    public static LoraWeights Open(string path)
    {
        var file = Checkpoint.Open(path);
        try
        {
            return new LoraWeights(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The file, for messages.</summary>
    public string Source => file.Source;

    /// <summary>The networks that it changes.</summary>
    public IReadOnlyCollection<LoraTarget> Targets => [.. Layers.Select(layer => layer.Target).Distinct()];

    internal IReadOnlyList<LoraLayer> Layers { get; }

    internal Checkpoint File => file;

    /// <summary>Closes the file.</summary>
    public void Dispose() => file.Dispose();

    private static List<LoraLayer> ReadLayers(Checkpoint file)
    {
        var metadata = new LoraMetadata(file);
        var layers = new Dictionary<(LoraTarget, string), Dictionary<LoraPart, (LoraKey Key, TensorInfo Info)>>();
        foreach (var info in file.Tensors.Values)
        {
            var key =
                LoraKey.Parse(info.Name)
                ?? throw file.Fault(
                    info.Name,
                    LoraKey.OtherKind(info.Name) is { } kind
                        ? $"is part of a {kind}, which is not supported; take a plain LoRA."
                        : "is no part of a LoRA that is known here (lora_A and lora_B, lora_down and lora_up, alpha)."
                );
            if (key.IsOfUnnamedEncoder)
                throw file.Fault(
                    info.Name,
                    "changes a text encoder, but the file does not say which; put text_encoder. or text_encoder_2. before the "
                        + "names of its layers."
                );
            var layer = layers.TryGetValue((key.Target, key.Layer), out var found) ? found : layers[(key.Target, key.Layer)] = [];
            if (!layer.TryAdd(key.Part, (key, info)))
                throw file.Fault(info.Name, $"is the same part of a layer as '{layer[key.Part].Info.Name}'.");
        }
        if (layers.Count == 0)
            throw new CheckpointException(file.Source, "holds no tensors, so it is not a LoRA.");
        return [.. layers.Values.Select(parts => ReadLayer(file, metadata, parts))];
    }

    private static LoraLayer ReadLayer(Checkpoint file, LoraMetadata metadata, Dictionary<LoraPart, (LoraKey Key, TensorInfo Info)> parts)
    {
        if (!parts.TryGetValue(LoraPart.Down, out var downPart) || !parts.TryGetValue(LoraPart.Up, out var upPart))
            throw new CheckpointException(
                file.Source,
                "has no counterpart: a layer of a LoRA needs both down (A) and up (B).",
                parts.Values.First().Info.Name
            );
        var (key, down, up) = (downPart.Key, downPart.Info, upPart.Info);
        if (
            down.Shape.Count is not (2 or 4)
            || up.Shape.Count != down.Shape.Count
            || down.Shape[0] == 0
            || up.Shape[1] != down.Shape[0]
            || up.Shape.Skip(2).Any(size => size != 1)
        )
            throw file.Fault(up.Name, $"has shape {up.ShapeText}, which does not follow '{down.Name}' of shape {down.ShapeText}.");
        var rank = down.Shape[0];
        var scale = parts.TryGetValue(LoraPart.Alpha, out var alpha)
            ? ReadAlpha(file, alpha.Info) / rank
            : metadata.Scale(key.Target, key.Module, rank) ?? 1;
        return new LoraLayer(key.Target, key.Layer, down, up, scale);
    }

    private static double ReadAlpha(Checkpoint file, TensorInfo info)
    {
        if (info.Count != 1)
            throw file.Fault(info.Name, $"has shape {info.ShapeText} but alpha is one number.");
        using var scope = torch.NewDisposeScope();
        var alpha = file.Read(info.Name).to(torch.float64).item<double>();
        return double.IsFinite(alpha) ? alpha : throw file.Fault(info.Name, $"is {alpha}, not a finite number.");
    }
}
