using System.Runtime.InteropServices;
using TorchSharp;

namespace ImgAlign.Checkpoints;

/// <summary>
/// Tensors out of a file. Data that lies at a multiple of its element size is mapped, copy-on-write: no memory is taken until it is
/// touched, and views outlive this object. Other data is copied.
/// </summary>
internal sealed class MappedFile(string path) : IDisposable
{
    private const long CopyBytes = 1 << 26;

    // libtorch maps a file as one type, so there is one mapping for each type that was read.
    private readonly Dictionary<torch.ScalarType, torch.Tensor> mappings = [];
    private bool disposed;

    /// <summary>The path, for messages.</summary>
    public string Path { get; } = path;

    /// <summary>The file's size when it was opened.</summary>
    public long Length { get; } = MeasureLength(path);

    /// <summary>Makes a tensor of a run of elements. The caller has checked that it lies within the file.</summary>
    /// <param name="name">The tensor's name, for messages.</param>
    /// <param name="type">The elements' type.</param>
    /// <param name="offset">Bytes from the start of the file to the first element.</param>
    /// <param name="count">Elements in the run.</param>
    /// <param name="shape">The tensor's shape.</param>
    /// <param name="strides">The tensor's strides; it uses no element beyond the run.</param>
    /// <returns>The tensor, contiguous.</returns>
    /// <exception cref="CheckpointException">The data cannot be mapped or read.</exception>
    public torch.Tensor Read(string name, ElementType type, long offset, long count, long[] shape, long[] strides)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        try
        {
            if (shape.Contains(0))
                return torch.empty(shape, type.Scalar);
            using var scope = torch.NewDisposeScope();
            var view =
                offset % type.Bytes == 0
                    ? Mapping(type).as_strided(shape, strides, offset / type.Bytes)
                    : Copy(type, offset, count).as_strided(shape, strides);
            return view.contiguous().MoveToOuterDisposeScope();
        }
        catch (Exception exception) when (exception is ExternalException or IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(Path, $"cannot be read: {exception.Message}", name, exception);
        }
    }

    /// <summary>Lets go of the mappings; tensors that were read stay valid.</summary>
    public void Dispose()
    {
        disposed = true;
        ReleasePages();
    }

    /// <summary>Lets go of the mappings for now; the next read maps the file again.</summary>
    public void ReleasePages()
    {
        foreach (var mapping in mappings.Values)
            mapping.Dispose();
        mappings.Clear();
    }

    // Not FileInfo.Length: the hub's cache consists of links, and that would be the length of the link.
    private static long MeasureLength(string path)
    {
        using var file = File.OpenHandle(path);
        return RandomAccess.GetLength(file);
    }

    private torch.Tensor Mapping(ElementType type)
    {
        if (!mappings.TryGetValue(type.Scalar, out var mapping))
            mappings[type.Scalar] = mapping = torch
                .from_file(Path, shared: false, size: Length / type.Bytes, dtype: type.Scalar)
                .DetachFromDisposeScope();
        return mapping;
    }

    private torch.Tensor Copy(ElementType type, long offset, long count)
    {
        using var file = File.OpenHandle(Path);
        var result = torch.empty(count, type.Scalar);
        var step = CopyBytes / type.Bytes;
        for (var start = 0L; start < count; start += step)
        {
            using var part = result.narrow(0, start, Math.Min(step, count - start));
            var bytes = part.bytes;
            for (int done = 0, read; done < bytes.Length; done += read)
            {
                read = RandomAccess.Read(file, bytes[done..], offset + start * type.Bytes + done);
                if (read == 0)
                    throw new EndOfStreamException();
            }
        }
        return result;
    }
}
