using static TorchSharp.torch;

namespace ImgAlign.Training.Optimization;

/// <summary>The gradients of some parameters of one type, one after the other in one tensor, which processes reduce at once.</summary>
internal sealed class GradientBucket : IDisposable
{
    // As PyTorch's DistributedDataParallel: long enough for a network, short enough to be on its way early.
    private const long MostBytes = 25 << 20;

    // In elements: 64 bytes of the narrowest that travel, of 16 bits.
    private const long Alignment = 32;

    private GradientBucket(IReadOnlyList<Tensor> parameters, IReadOnlyList<int> indices, int parts)
    {
        var end = 0L;
        var members = new List<Member>();
        foreach (var index in indices)
        {
            members.Add(new Member(index, end, parameters[index].numel()));
            end = RoundUp(end + parameters[index].numel(), Alignment);
        }
        Members = members;
        PartLength = RoundUp(end, Alignment * parts) / parts;
        Flat = zeros(PartLength * parts, parameters[indices[0]].dtype, parameters[indices[0]].device).DetachFromDisposeScope();
    }

    /// <summary>All of its gradients, <c>[parts x PartLength]</c>, with zeros between and behind them.</summary>
    public Tensor Flat { get; }

    /// <summary>The length of a process's part.</summary>
    public long PartLength { get; }

    /// <summary>Whose gradients they are.</summary>
    public IReadOnlyList<Member> Members { get; }

    /// <summary>Lays gradients out in the order in which a backward pass is likely to complete them, the last parameters first.</summary>
    /// <param name="parameters">The parameters, on one device.</param>
    /// <param name="parts">The number of equal parts of each bucket.</param>
    public static IReadOnlyList<GradientBucket> LayOut(IReadOnlyList<Tensor> parameters, int parts)
    {
        var buckets = new List<GradientBucket>();
        var indices = new List<int>();
        var bytes = 0L;
        for (var index = parameters.Count - 1; index >= 0; index--)
        {
            var more = parameters[index].numel() * parameters[index].element_size();
            if (indices.Count > 0 && (bytes + more > MostBytes || parameters[index].dtype != parameters[indices[0]].dtype))
                Close();
            indices.Add(index);
            bytes += more;
        }
        Close();
        return buckets;

        void Close()
        {
            buckets.Add(new GradientBucket(parameters, indices, parts));
            indices.Clear();
            bytes = 0;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Flat.Dispose();

    private static long RoundUp(long value, long multiple) => (value + multiple - 1) / multiple * multiple;

    /// <summary>A parameter's place.</summary>
    /// <param name="Parameter">Which one.</param>
    /// <param name="Start">Its first element's.</param>
    /// <param name="Length">The number of its elements.</param>
    public readonly record struct Member(int Parameter, long Start, long Length);
}
