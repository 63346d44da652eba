using TorchSharp;

namespace ImgAlign.Checkpoints;

/// <summary>One GGUF file, mapped: quantized tensors are dequantized when they are read, others are views of the file.</summary>
internal sealed class GgufFile : Checkpoint
{
    private readonly GgufHeader header;
    private readonly MappedFile file;

    /// <summary>Reads and checks the header.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="CheckpointException">The header is broken, or describes data that the file does not have.</exception>
    public GgufFile(string path)
    {
        header = new GgufHeader(path);
        file = new MappedFile(path);
        Tensors = header.Entries.ToDictionary(static pair => pair.Key, static pair => Describe(pair.Key, pair.Value));
    }

    /// <inheritdoc/>
    public override string Source => file.Path;

    /// <inheritdoc/>
    internal override IEnumerable<string> Files => [file.Path];

    /// <inheritdoc/>
    public override string Format => "GGUF";

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Metadata => header.Metadata;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <inheritdoc/>
    public override torch.Tensor Read(string name)
    {
        var stored = ReadStored(name);
        if (header.Entries[name].Form is not { } form)
            return stored;
        using (stored)
            return form.Expand(new(stored), torch.ScalarType.Float32);
    }

    /// <inheritdoc/>
    internal override CompactMatrix ReadCompact(string name) => new(ReadStored(name));

    /// <inheritdoc/>
    internal override void ReleasePages() => file.ReleasePages();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        file.Dispose();
        base.Dispose(disposing);
    }

    private static TensorInfo Describe(string name, GgufHeader.Entry entry) =>
        entry.Form is { } form
            ? new(name, torch.ScalarType.Float32, entry.Shape) { Form = form, IsComputed = true }
            : new(name, entry.Type.Scalar, entry.Shape);

    private torch.Tensor ReadStored(string name)
    {
        if (!header.Entries.TryGetValue(name, out var entry))
            throw Missing(name);
        var shape = entry.StoredShape;
        var count = shape.Aggregate(1L, static (product, size) => product * size);
        return file.Read(name, entry.Type, entry.Offset, count, shape, TensorExtent.Contiguous(shape));
    }
}
