using TorchSharp;

namespace ImgAlign.Checkpoints;

/// <summary>
/// The weights of one network: the files that hold them, open, and for each part of the network the checkpoint and its names there. They
/// are opened, verified, bound and closed. Not safe for use by several threads at once.
/// </summary>
public sealed class NetworkWeights : IDisposable
{
    private readonly List<IDisposable> owned = [];
    private readonly List<(torch.nn.Module Network, Checkpoint Checkpoint, WeightMap Map)> parts = [];
    private readonly List<FileState> files = [];

    /// <summary>The parts of the network, each with its checkpoint and its names there.</summary>
    internal IReadOnlyList<(torch.nn.Module Network, Checkpoint Checkpoint, WeightMap Map)> Parts => parts;

    /// <summary>The files that were opened, as they were then.</summary>
    internal IReadOnlyList<FileState> Files => files;

    /// <summary>How many layers each of the LoRAs changes that <see cref="OpenLoras"/> opened.</summary>
    internal IReadOnlyList<int> LoraLayers { get; private set; } = [];

    /// <summary>Opens a checkpoint, which is closed with the others.</summary>
    /// <param name="path">As for <see cref="Checkpoint.Open"/>.</param>
    /// <exception cref="CheckpointException">The file is missing, broken, or not a checkpoint.</exception>
    public Checkpoint Open(string path)
    {
        var checkpoint = Checkpoint.Open(path);
        owned.Add(checkpoint);
        files.AddRange(checkpoint.Files.Select(FileState.Of));
        return checkpoint;
    }

    /// <summary>Says where the weights of the network, or of a part of it, are.</summary>
    /// <param name="network">The network, or a part of it that has a checkpoint of its own.</param>
    /// <param name="checkpoint">The checkpoint; borrowed, unless <see cref="Open"/> made it.</param>
    /// <param name="map">How the parameters are named in it.</param>
    public void Add(torch.nn.Module network, Checkpoint checkpoint, WeightMap map) => parts.Add((network, checkpoint, map));

    /// <summary>Compares names and shapes; reads no weights.</summary>
    /// <exception cref="CheckpointException">A tensor is missing, is not expected, or has another shape.</exception>
    public void Verify()
    {
        foreach (var (network, checkpoint, map) in parts)
            CheckpointBinder.Verify(network, checkpoint, map);
    }

    /// <summary>The forms in which files have weights that their layers can keep as they are, after <see cref="Verify"/>.</summary>
    internal IReadOnlyDictionary<torch.nn.Module, CompactForm> FormsByLayer()
    {
        var forms = new Dictionary<torch.nn.Module, CompactForm>();
        foreach (var (network, checkpoint, map) in parts)
        {
            foreach (var parameter in ModuleParameters.Enumerate(network).Where(static parameter => parameter.IsWeight))
            {
                if (map.Resolve(parameter.Path).FormIn(checkpoint) is { } form)
                    forms[parameter.Owner] = form;
            }
        }
        return forms;
    }

    /// <summary>Gives some layers their weights, after <see cref="Verify"/>.</summary>
    /// <param name="type">The type to run in; null keeps the file's.</param>
    /// <param name="device">Where they are to be.</param>
    /// <param name="keepsViews">Whether weights that can stay views of a file do so, of the file's type.</param>
    /// <param name="isWanted">Which layers.</param>
    /// <param name="onRead">Given the number of elements of each parameter that has been read; what it throws ends the reading.</param>
    /// <exception cref="CheckpointException">A file cannot be read.</exception>
    internal void Bind(
        torch.ScalarType? type,
        torch.Device device,
        bool keepsViews,
        Predicate<torch.nn.Module> isWanted,
        Action<long>? onRead = null
    )
    {
        foreach (var (network, checkpoint, map) in parts)
            CheckpointBinder.Bind(network, checkpoint, map, type, device, keepsViews, isWanted, onRead);
    }

    /// <summary>Opens LoRAs, which are closed with the others.</summary>
    /// <exception cref="CheckpointException">A file is missing, broken, or no LoRA.</exception>
    public IReadOnlyList<(LoraWeights Lora, double Scale)> OpenLoras(IEnumerable<(string Path, double Scale)> loras) =>
        [.. loras.Select(lora => (OpenLora(lora.Path), lora.Scale))];

    /// <summary>Takes over a checkpoint with the LoRAs of <see cref="OpenLoras"/> merged into it.</summary>
    public LoraCheckpoint Own(LoraCheckpoint merged)
    {
        owned.Add(merged);
        LoraLayers = merged.AppliedLayers;
        return merged;
    }

    private LoraWeights OpenLora(string path)
    {
        var lora = LoraWeights.Open(path);
        owned.Add(lora);
        files.AddRange(lora.File.Files.Select(FileState.Of));
        return lora;
    }

    /// <summary>Reads all weights that the network has, and throws for the first number that is not finite.</summary>
    /// <param name="type">The type to run in.</param>
    /// <exception cref="CheckpointException">There is one, in the file or in that type.</exception>
    internal void RequireFinite(torch.ScalarType type)
    {
        foreach (var (network, checkpoint, map) in parts)
        {
            var parameters = ModuleParameters.Enumerate(network).Where(static parameter => !parameter.IsDerived);
            foreach (var name in parameters.SelectMany(parameter => map.Resolve(parameter.Path).Names).Distinct())
            {
                using (torch.NewDisposeScope())
                {
                    if (!checkpoint.Read(name).to(type).to(torch.float32).isfinite().all().item<bool>())
                    {
                        throw checkpoint.FindNotFinite(name)
                            ?? checkpoint.Fault(
                                name,
                                $"holds numbers too large for {ElementType.Of(type)?.Torch}; compute in bfloat16 or float32."
                            );
                    }
                }
                checkpoint.ReleasePages();
            }
        }
    }

    /// <summary>Closes the files.</summary>
    public void Dispose()
    {
        for (var index = owned.Count - 1; index >= 0; index--)
            owned[index].Dispose();
        owned.Clear();
        parts.Clear();
    }
}
