using TorchSharp;

namespace ImgAlign.Checkpoints;

/// <summary>One safetensors file, mapped: tensors are views of the file.</summary>
internal sealed class SafetensorsFile : Checkpoint
{
    private readonly SafetensorsHeader.Content header;
    private readonly MappedFile file;

    /// <summary>Reads and checks the header.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="CheckpointException">The header is broken, or does not describe exactly the bytes that follow it.</exception>
    public SafetensorsFile(string path)
    {
        header = SafetensorsHeader.Read(path);
        file = new MappedFile(path);
        Tensors = header.Entries.ToDictionary(pair => pair.Key, pair => new TensorInfo(pair.Key, pair.Value.Type.Scalar, pair.Value.Shape));
    }

    /// <inheritdoc/>
    public override string Source => file.Path;

    /// <inheritdoc/>
    internal override IEnumerable<string> Files => [file.Path];

    /// <inheritdoc/>
    public override string Format => "safetensors";

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Metadata => header.Metadata;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <inheritdoc/>
    public override torch.Tensor Read(string name)
    {
        if (!header.Entries.TryGetValue(name, out var entry))
            throw Missing(name);
        return file.Read(
            name,
            entry.Type,
            header.DataStart + entry.Begin,
            (entry.End - entry.Begin) / entry.Type.Bytes,
            entry.Shape,
            TensorExtent.Contiguous(entry.Shape)
        );
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
