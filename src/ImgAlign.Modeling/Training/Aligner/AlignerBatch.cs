using static TorchSharp.torch;

namespace ImgAlign.Training.Aligner;

/// <summary>Some preference pairs on the aligner's device, in its precision.</summary>
internal sealed class AlignerBatch
{
    /// <summary>Gathers pairs; the tensors belong to the caller's dispose scope.</summary>
    /// <param name="pairs">The pairs, at least one.</param>
    /// <param name="device">Where to.</param>
    /// <param name="type">In which type.</param>
    public AlignerBatch(IReadOnlyList<PreferenceFeatures> pairs, Device device, ScalarType type)
    {
        HiddenStates = [.. pairs.Select(pair => pair.HiddenStates.to(device))];
        Preferred = stack(pairs.Select(static pair => pair.Preferred)).to(device).to(type);
        Rejected = stack(pairs.Select(static pair => pair.Rejected)).to(device).to(type);
    }

    /// <summary>The detector's hidden states of each pair, <c>[N, D]</c>.</summary>
    public IReadOnlyList<Tensor> HiddenStates { get; }

    /// <summary><c>c_w</c>, <c>[B, n, d]</c>.</summary>
    public Tensor Preferred { get; }

    /// <summary><c>c_l</c>, <c>[B, n, d]</c>.</summary>
    public Tensor Rejected { get; }

    /// <summary>
    /// Computes something of hidden states <c>[b, N, D]</c> and <c>c_l</c> <c>[b, n, d]</c>. The aligner has no mask: questions of one
    /// length are computed together, and those of other lengths after them.
    /// </summary>
    /// <param name="compute">Gives <c>[b, ...]</c>.</param>
    /// <returns><c>[B, ...]</c>, in the order of the pairs.</returns>
    public Tensor Map(Func<Tensor, Tensor, Tensor> compute)
    {
        var lengths = Enumerable
            .Range(0, HiddenStates.Count)
            .GroupBy(index => HiddenStates[index].shape[0])
            .Select(static group => group.ToArray())
            .ToList();
        if (lengths.Count == 1)
            return compute(stack(HiddenStates), Rejected);
        using var scope = NewDisposeScope();
        var results = lengths
            .Select(group => compute(stack(group.Select(index => HiddenStates[index])), Rejected.index_select(0, Places(group))))
            .ToArray();
        // The place that each pair has in the results, one group after the other.
        var order = lengths.SelectMany(static group => group).ToArray();
        var places = Enumerable.Range(0, order.Length).ToArray();
        Array.Sort(order, places);
        return cat(results, 0).index_select(0, Places(places)).MoveToOuterDisposeScope();
    }

    private Tensor Places(int[] indices) => tensor(indices, int64, Rejected.device);
}
