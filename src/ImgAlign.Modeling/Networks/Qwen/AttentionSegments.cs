using ImgAlign.Networks.Layers;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Qwen;

/// <summary>
/// Attention within consecutive parts of a sequence, never across them. Parts of one length are computed as one batch: there is no mask
/// over all pairs of positions, and memory grows with their number. Made and used in one dispose scope.
/// </summary>
internal sealed class AttentionSegments
{
    private readonly List<(int Length, Tensor Positions)> groups = [];
    private readonly Tensor? order;

    /// <summary>Groups the parts by their lengths.</summary>
    /// <param name="lengths">The length of each part; their sum is the sequence's, P.</param>
    /// <param name="device">Where the sequence is.</param>
    public AttentionSegments(IReadOnlyList<int> lengths, Device device)
    {
        var starts = new int[lengths.Count];
        for (var i = 1; i < starts.Length; i++)
            starts[i] = starts[i - 1] + lengths[i - 1];
        foreach (var parts in starts.Zip(lengths).GroupBy(static part => part.Second))
        {
            var positions = parts
                .SelectMany(static part => Enumerable.Range(part.First, part.Second))
                .Select(static position => (long)position);
            groups.Add((parts.Key, tensor(positions.ToArray(), device: device)));
        }
        if (groups.Count > 1)
            order = cat([.. groups.Select(static group => group.Positions)]).argsort();
    }

    /// <summary><c>softmax(q k^T / sqrt(head width)) v</c> within each part.</summary>
    /// <param name="q">Queries <c>[1, H, P, dh]</c>.</param>
    /// <param name="k">Keys <c>[1, H, P, dh]</c>.</param>
    /// <param name="v">Values <c>[1, H, P, dh]</c>.</param>
    /// <returns><c>[1, P, H * dh]</c>.</returns>
    public Tensor Attend(Tensor q, Tensor k, Tensor v)
    {
        using var scope = NewDisposeScope();
        if (order is null)
            return AttendEqual(q, k, v, groups[0].Length).MoveToOuterDisposeScope();
        var results = groups.Select(group =>
            AttendEqual(Select(q, group.Positions), Select(k, group.Positions), Select(v, group.Positions), group.Length)
        );
        return cat([.. results], 1).index_select(1, order).MoveToOuterDisposeScope();

        static Tensor Select(Tensor x, Tensor positions) => x.index_select(2, positions);
    }

    private static Tensor AttendEqual(Tensor q, Tensor k, Tensor v, int length)
    {
        var attended = Attention.AttendHeads(Cut(q), Cut(k), Cut(v)); // [parts, H, length, dh]
        return Attention.Merge(attended).flatten(0, 1).unsqueeze(0);

        Tensor Cut(Tensor x) => x.view(x.shape[1], -1, length, x.shape[3]).transpose(0, 1);
    }
}
