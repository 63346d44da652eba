using ImgAlign.Checkpoints;
using TorchSharp;

namespace ImgAlign.Runtime;

/// <summary>
/// A network and where its weights are. Names and shapes have been compared with the files when there is one, so that a
/// <see cref="ModelSlot{T}"/> made of it cannot fail for them. It holds no memory: a model that consists of several networks makes all
/// sources first and all slots last.
/// </summary>
/// <typeparam name="T">The network.</typeparam>
public sealed class ModelSource<T>
    where T : torch.nn.Module
{
    private readonly Func<T> create;
    private readonly Action<T, NetworkWeights> open;
    private readonly IReadOnlyList<FileState> files;
    private readonly Dictionary<string, CompactForm> forms;

    /// <summary>Compares the network with its files; reads no weights.</summary>
    /// <param name="name">The stage in messages, such as <c>SDXL UNet</c>.</param>
    /// <param name="create">Makes the network on the meta device.</param>
    /// <param name="open">Opens the files of a network's weights, and says how it is named there; called again whenever it is
    /// loaded.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken, or does not hold what the network needs.</exception>
    public ModelSource(string name, Func<T> create, Action<T, NetworkWeights> open)
    {
        (Name, this.create, this.open) = (name, create, open);
        using var network = create();
        using var weights = OpenAndVerify(network);
        (files, LoraLayers) = (weights.Files, weights.LoraLayers);
        var byLayer = weights.FormsByLayer();
        forms = ModuleParameters
            .Enumerate(network)
            .Where(parameter => parameter.IsWeight && byLayer.ContainsKey(parameter.Owner))
            .ToDictionary(static parameter => parameter.Path, parameter => byLayer[parameter.Owner]);
    }

    /// <summary>The same for a network whose weights are in one checkpoint.</summary>
    /// <param name="name">The stage in messages.</param>
    /// <param name="create">Makes the network on the meta device.</param>
    /// <param name="path">The checkpoint, as for <see cref="Checkpoint.Open"/>.</param>
    /// <param name="names">How the network's parameters are named in it.</param>
    /// <exception cref="ImgAlignException">The file is missing or broken, or does not hold what the network needs.</exception>
    public ModelSource(string name, Func<T> create, string path, Func<T, Checkpoint, WeightMap> names)
        : this(
            name,
            create,
            (network, weights) =>
            {
                var file = weights.Open(path);
                weights.Add(network, file, names(network, file));
            }
        ) { }

    /// <summary>The stage in messages.</summary>
    public string Name { get; }

    /// <summary>How many layers of the network each LoRA changes; empty where none is merged into it.</summary>
    public IReadOnlyList<int> LoraLayers { get; }

    internal T Create() => create();

    /// <summary>The form that a weight is kept in; null: in the type that the network runs in.</summary>
    /// <param name="parameter">Its name in the network.</param>
    /// <param name="storage">How the weights of linear layers are to be kept.</param>
    internal CompactForm? FormOf(string parameter, WeightStorage storage) =>
        storage switch
        {
            WeightStorage.Int8 => RowFactors.Int8,
            WeightStorage.Float8 => RowFactors.Float8,
            WeightStorage.AsStored => forms.GetValueOrDefault(parameter),
            _ => null,
        };

    /// <summary>Opens the files again and compares them with the network again.</summary>
    /// <exception cref="CheckpointException">A file cannot be opened, or is not the one that was there when this was made.</exception>
    internal NetworkWeights Open(T network)
    {
        var weights = OpenAndVerify(network);
        if (weights.Files.Except(files).FirstOrDefault() is not { Path: { } changed })
            return weights;
        weights.Dispose();
        throw new CheckpointException(changed, $"has been replaced since the model that uses it ({Name}) was made; make the model anew.");
    }

    private NetworkWeights OpenAndVerify(T network)
    {
        var weights = new NetworkWeights();
        try
        {
            open(network, weights);
            weights.Verify();
            return weights;
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }
}
