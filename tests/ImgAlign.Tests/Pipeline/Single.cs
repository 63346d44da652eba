namespace ImgAlign.Tests.Pipeline;

/// <summary>Requests and results of one item.</summary>
internal static class Single
{
    public static AlignmentRequest With(this AlignmentRequest request, Func<AlignmentItem, AlignmentItem> change) =>
        request with
        {
            Items = [change(request.Items[0])],
        };

    public static async Task<AlignedItem> AlignOneAsync(
        this IAlignmentPipeline pipeline,
        AlignmentRequest request,
        CancellationToken cancellationToken = default
    ) => Assert.Single((await pipeline.AlignAsync(request, cancellationToken: cancellationToken)).Items);

    public static async Task<IReadOnlyList<RgbImage>> ImagesAsync(this IGenerationPipeline pipeline, GenerationRequest request) =>
        [.. (await pipeline.GenerateAsync(request)).Items.Select(static item => item.Image)];

    /// <summary>All pictures after the first.</summary>
    public static IReadOnlyList<Candidate> Rounds(this AlignedItem item) => [.. item.Candidates.Skip(1)];

    public static double Score(this IReadOnlyList<NamedScore> scores, string scorer) =>
        scores.Single(score => score.Scorer == scorer).Value;

    public static async Task<List<RunUpdate>> ReadAsync(this IAsyncEnumerable<RunUpdate> updates)
    {
        var all = new List<RunUpdate>();
        await foreach (var update in updates)
            all.Add(update);
        return all;
    }
}
