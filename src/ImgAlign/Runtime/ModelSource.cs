using ImgAlign.Checkpoints;
using TorchSharp;

namespace ImgAlign.Runtime;

/// <summary>
/// A network and where its weights are. Names and shapes have been compared with the files when there is one, so that a
/// <see cref="ModelSlot{T}"/> made of it cannot fail for them. It holds no memory: a model that consists of several networks makes all sources
/// first and all slots last.
/// </summary>
/// <typeparam name="T">The network.</typeparam>
public sealed class ModelSource<T> where T : torch.nn.Module
{
    private readonly Func<T> create;
    private readonly WeightReader<T> read;

    /// <summary>Compares the network with its files; reads no weights.</summary>
    /// <param name="name">The stage in messages, such as <c>SDXL UNet</c>.</param>
    /// <param name="create">Makes the network on the meta device.</param>
    /// <param name="read">Opens the files of its weights; called again whenever it is loaded.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken, or does not hold what the network needs.</exception>
    public ModelSource(string name, Func<T> create, WeightReader<T> read)
    {
        (Name, this.create, this.read) = (name, create, read);
        using var network = create();
        read(network, CheckpointBinder.Verify);
    }

    /// <summary>The same for a network whose weights are in one checkpoint.</summary>
    /// <param name="name">The stage in messages.</param>
    /// <param name="create">Makes the network on the meta device.</param>
    /// <param name="path">The checkpoint, as for <see cref="Checkpoint.Open"/>.</param>
    /// <param name="names">How the network's parameters are named in it.</param>
    /// <exception cref="ImgAlignException">The file is missing or broken, or does not hold what the network needs.</exception>
    public ModelSource(string name, Func<T> create, string path, Func<T, Checkpoint, WeightMap> names) : this(name, create, (network, use) =>
    {
        using var weights = Checkpoint.Open(path);
        use(network, weights, names(network, weights));
    })
    {
    }

    /// <summary>The stage in messages.</summary>
    public string Name { get; }

    internal T Create() => create();

    /// <summary>Gives some layers of a network their weights; the files are opened for it.</summary>
    internal void Bind(T network, torch.ScalarType? type, torch.Device device, IReadOnlySet<torch.nn.Module> layers) =>
        read(network, (part, checkpoint, map) => CheckpointBinder.Bind(part, checkpoint, map, type, device, layers.Contains));
}
