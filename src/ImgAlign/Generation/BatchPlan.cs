using ImgAlign.Running;

namespace ImgAlign.Generation;

/// <summary>Which items are computed together.</summary>
internal static class BatchPlan
{
    /// <summary>Divides items into batches, size by size and otherwise in their order.</summary>
    /// <param name="items">The positions of the items in the request.</param>
    /// <param name="request">The request.</param>
    /// <param name="streams">The noise of all items of the request: those that share a stream stay together.</param>
    /// <param name="batchSize">The most items at once.</param>
    public static IEnumerable<IReadOnlyList<int>> Of(
        IEnumerable<int> items,
        ResolvedRequest request,
        IReadOnlyList<NoiseStream> streams,
        int batchSize
    ) => items.GroupBy(index => request.Items[index].Size).SelectMany(sized => OfOneSize(sized, streams, batchSize));

    private static IEnumerable<IReadOnlyList<int>> OfOneSize(IEnumerable<int> items, IReadOnlyList<NoiseStream> streams, int batchSize)
    {
        var batch = new List<int>();
        foreach (var together in items.GroupBy(index => streams[index]))
        {
            var members = together.ToList();
            if (batch.Count > 0 && batch.Count + members.Count > batchSize)
            {
                yield return batch;
                batch = [];
            }
            batch.AddRange(members);
        }
        if (batch.Count > 0)
            yield return batch;
    }
}
