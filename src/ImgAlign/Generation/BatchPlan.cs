namespace ImgAlign.Generation;

/// <summary>Which pictures are computed together.</summary>
internal static class BatchPlan
{
    /// <summary>Divides pictures into batches, by size and by length of the prompts' features, with and without image prompts apart, and otherwise in their order.</summary>
    /// <param name="drawings">The pictures.</param>
    /// <param name="streams">Their noise: those that share a stream stay together, as far as a batch holds them.</param>
    /// <param name="batchSize">The most pictures at once.</param>
    public static IEnumerable<IReadOnlyList<Drawing>> Of(IEnumerable<Drawing> drawings, NoiseStreams streams, int batchSize) =>
        drawings
            .GroupBy(static drawing => (drawing.Item.Size, drawing.Item.TextTokens, HasPrompt: drawing.PromptRow is not null))
            .SelectMany(alike => OfOneKind(alike, streams, batchSize));

    private static IEnumerable<IReadOnlyList<Drawing>> OfOneKind(IEnumerable<Drawing> drawings, NoiseStreams streams, int batchSize)
    {
        var batch = new List<Drawing>();
        foreach (var together in drawings.GroupBy(drawing => streams.Of(drawing.Item)).SelectMany(shared => shared.Chunk(batchSize)))
        {
            if (batch.Count > 0 && batch.Count + together.Length > batchSize)
            {
                yield return batch;
                batch = [];
            }
            batch.AddRange(together);
        }
        if (batch.Count > 0)
            yield return batch;
    }
}
