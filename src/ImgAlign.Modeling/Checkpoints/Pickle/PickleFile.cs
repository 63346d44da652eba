using TorchSharp;

namespace ImgAlign.Checkpoints;

/// <summary>
/// One file of <c>torch.save</c>: dictionaries of tensors, named by their keys joined with dots; everything else in them is left out.
/// Tensors whose storages lie at a multiple of their element size are views of the file.
/// </summary>
internal sealed class PickleFile : Checkpoint
{
    private const long MostRepeatedBytes = 1 << 24;

    private readonly MappedFile file;
    private readonly Dictionary<string, PickleTensor> tensors;
    private readonly IReadOnlyDictionary<string, long> storages;

    private PickleFile(string path, string format, PickleContainer container)
    {
        Format = format;
        tensors = PickleTensors.Collect(container.Root);
        storages = container.Storages;
        file = new MappedFile(path);
        foreach (var (name, tensor) in tensors)
        {
            // A stride of 0 makes much of little: no tensor may be larger than an honest file could make it.
            if (TensorExtent.Bytes(tensor.Shape, tensor.Type) > file.Length + MostRepeatedBytes)
                throw new CheckpointException(
                    path,
                    $"has shape {TensorInfo.FormatShape(tensor.Shape)}, more than a file of {file.Length} bytes can hold.",
                    name
                );
        }
        Tensors = tensors.ToDictionary(pair => pair.Key, pair => new TensorInfo(pair.Key, pair.Value.Type.Scalar, pair.Value.Shape));
    }

    /// <summary>Opens a file of the zip format (PyTorch 1.6 and later).</summary>
    public static PickleFile OpenZip(string path) => Open(path, "PyTorch zip pickle", PickleContainer.ReadZip);

    /// <summary>Opens a file of the format before PyTorch 1.6.</summary>
    public static PickleFile OpenLegacy(string path) => Open(path, "PyTorch legacy pickle", PickleContainer.ReadLegacy);

    private static PickleFile Open(string path, string format, Func<FileStream, PickleContainer> read)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16);
            return new PickleFile(path, format, read(stream));
        }
        catch (FormatException exception)
        {
            throw new CheckpointException(path, $"is not a {format} of weights: {exception.Message}", innerException: exception);
        }
    }

    /// <inheritdoc/>
    public override string Source => file.Path;

    /// <inheritdoc/>
    internal override IEnumerable<string> Files => [file.Path];

    /// <inheritdoc/>
    public override string Format { get; }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <inheritdoc/>
    public override torch.Tensor Read(string name)
    {
        if (!tensors.TryGetValue(name, out var tensor))
            throw Missing(name);
        var offset = storages[tensor.Storage.Key] + tensor.Offset * tensor.Type.Bytes;
        return file.Read(name, tensor.Type, offset, tensor.Extent, tensor.Shape, tensor.Strides);
    }

    /// <inheritdoc/>
    internal override void ReleasePages() => file.ReleasePages();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        file.Dispose();
        base.Dispose(disposing);
    }
}
