using System.Collections.Frozen;
using TorchSharp;

namespace ImgAlign.Checkpoints;

/// <summary>
/// Named tensors from one or more files. Opening reads names, types and shapes only; data is read tensor by tensor.
/// Not safe for use by several threads at once.
/// </summary>
public abstract partial class Checkpoint : IDisposable
{
    /// <summary>The file or folder, for messages.</summary>
    public abstract string Source { get; }

    /// <summary>The files that tensors are read from; none unless it is a file.</summary>
    internal virtual IEnumerable<string> Files => [];

    /// <summary>What kind of file it is, for messages and <c>imgalign inspect</c>.</summary>
    public virtual string Format => "tensors";

    /// <summary>Texts that the file holds beside its tensors.</summary>
    public virtual IReadOnlyDictionary<string, string> Metadata => FrozenDictionary<string, string>.Empty;

    /// <summary>All tensors by name, in the order of the file.</summary>
    public abstract IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <summary>The file that holds a tensor, for messages; <see cref="Source"/> unless the checkpoint has several files.</summary>
    /// <param name="name">A name in <see cref="Tensors"/>.</param>
    public virtual string FileOf(string name) => Source;

    /// <summary>
    /// Reads one tensor: on the CPU, contiguous, in the file's type. May be a copy-on-write view of a mapped file, which stays valid after
    /// <see cref="Dispose()"/>.
    /// </summary>
    /// <param name="name">A name in <see cref="Tensors"/>.</param>
    /// <returns>The tensor; disposed by the caller.</returns>
    /// <exception cref="CheckpointException">There is no such tensor, or its data cannot be read.</exception>
    public abstract torch.Tensor Read(string name);

    /// <summary>Reads a matrix in the form that the file has it in.</summary>
    /// <param name="name">A name in <see cref="Tensors"/> that has a <see cref="TensorInfo.Form"/>.</param>
    /// <returns>Tensors as of <see cref="Read"/>; disposed by the caller.</returns>
    /// <exception cref="CheckpointException">Its data cannot be read.</exception>
    internal virtual CompactMatrix ReadCompact(string name) =>
        new(Read(name), torch.ones(Tensors[name].Shape[0], 1, torch.ScalarType.Float32));

    /// <summary>The name that a tensor has in its file, for messages: another one where this is a part of a larger checkpoint.</summary>
    public virtual string NameInFile(string name) => name;

    /// <summary>Lets go of mapped pages that have been read: they count as the process's memory as long as the file is mapped. Tensors that
    /// were read keep theirs.</summary>
    internal virtual void ReleasePages() { }

    /// <summary>The error of a tensor that holds NaN or infinity; null where all of its numbers are finite.</summary>
    /// <param name="name">A name in <see cref="Tensors"/>.</param>
    internal virtual CheckpointException? FindNotFinite(string name)
    {
        using var scope = torch.NewDisposeScope();
        var bad = Read(name).to(torch.float32).isfinite().logical_not().sum().item<long>();
        return bad == 0
            ? null
            : Fault(
                name,
                $"holds numbers that are not finite (NaN or infinity), {bad} of {Tensors[name].Count}; "
                    + "the file is damaged, or was saved by a training that failed: take another one."
            );
    }

    /// <summary>The error of a tensor.</summary>
    /// <param name="name">The name, which need not be in <see cref="Tensors"/>.</param>
    /// <param name="problem">What was found, what was expected, and what to do, as one sentence.</param>
    internal CheckpointException Fault(string name, string problem) => new(FileOf(name), problem, NameInFile(name));

    /// <summary>The error of a name that is not in <see cref="Tensors"/>.</summary>
    private protected CheckpointException Missing(string name) => Fault(name, $"is not there, among {Tensors.Count} tensors.");

    /// <summary>Closes the files.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Closes the files.</summary>
    /// <param name="disposing">Always true: there is no finalizer.</param>
    protected virtual void Dispose(bool disposing) { }
}
