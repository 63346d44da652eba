using ImgAlign.Running;

namespace ImgAlign.Generation;

/// <summary>
/// Generates the pictures of a run. What pictures have in common is computed once: a prompt's features, and the noise of an item and a
/// seed. Several backbones, each on its own device, share the pictures.
/// </summary>
internal sealed class ImageGenerator : IDisposable
{
    private readonly ResolvedRequest request;
    private readonly RunContext run;
    private readonly NoiseStreams streams;
    private readonly List<GeneratorLane> lanes = [];

    // Which lane draws an item with a seed and a prompt: always the same one, which has the prompt's features.
    private readonly Dictionary<(int Item, long Seed, string Prompt), GeneratorLane> homes = [];

    /// <summary>Divides the items among the backbones, and encodes their prompts.</summary>
    /// <param name="backbones">The backbones; borrowed.</param>
    /// <param name="request">The request.</param>
    /// <param name="run">The run.</param>
    public ImageGenerator(IReadOnlyList<IDiffusionBackbone> backbones, ResolvedRequest request, RunContext run)
    {
        (this.request, this.run) = (request, run);
        streams = new NoiseStreams(request.Items);
        lanes.AddRange(backbones.Select(backbone => new GeneratorLane(backbone, request, streams, run.BatchSize, run.InTiles)));
        try
        {
            Admit(request.Items);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Whether any step computes the branch without the prompts.</summary>
    public bool IsGuided => request.IsGuided;

    /// <summary>How often generating an item evaluates the network.</summary>
    public int CountEvaluations(ResolvedItem item) => lanes[0].CountEvaluations(item.Size);

    /// <summary>Generates pictures.</summary>
    /// <param name="drawings">What they are: items of the request, also with other seeds or prompts.</param>
    /// <param name="imagePrompts">The image prompts of those that have one; null where none does.</param>
    /// <returns>A picture for each, in their order.</returns>
    public IReadOnlyList<RgbImage> Generate(IReadOnlyList<Drawing> drawings, ImagePromptRows? imagePrompts = null)
    {
        if (drawings.Count == 0)
            return [];
        Admit([.. drawings.Select(static drawing => drawing.Item)]);
        var parts = drawings.GroupBy(drawing => homes[KeyOf(drawing.Item)]).ToList();
        if (drawings.Any(static drawing => drawing.Start is not null))
            run.Stage(RunStage.EncodeStart, parts, static part => part.Key.Backbone, static part => part.Key.EncodeStarts(part));
        run.Stage(
            RunStage.Generate,
            parts,
            static part => part.Key.Backbone,
            part => part.Key.Denoise(part, imagePrompts, run),
            parts.Sum(static part => part.Key.CountEvaluations(part))
        );
        var images = new Dictionary<Drawing, RgbImage>(ReferenceEqualityComparer.Instance);
        run.Stage(
            RunStage.Decode,
            parts,
            static part => part.Key.Backbone,
            part =>
            {
                var decoded = part.Key.Decode();
                lock (images)
                {
                    foreach (var (drawing, image) in decoded)
                        images.Add(drawing, image);
                }
            }
        );
        return [.. drawings.Select(drawing => images[drawing])];
    }

    public void Dispose()
    {
        foreach (var lane in lanes)
            lane.Dispose();
        streams.Dispose();
    }

    // Shares out what was not drawn before, and encodes the prompts that are new.
    private void Admit(IReadOnlyList<ResolvedItem> items)
    {
        var added = items.Where(item => !homes.ContainsKey(KeyOf(item))).DistinctBy(KeyOf).Select(static item => new Drawing(item));
        foreach (var (number, batch) in BatchPlan.Of(added, streams, run.BatchSize).ToList().Index())
        {
            foreach (var drawing in batch)
                homes[KeyOf(drawing.Item)] = lanes[number % lanes.Count];
        }
        var parts = items
            .GroupBy(item => homes[KeyOf(item)])
            .Select(static part => (Lane: part.Key, Items: part.ToList()))
            .Where(static part => part.Lane.Lacks(part.Items))
            .ToList();
        if (parts.Count > 0)
            run.Stage(RunStage.EncodePrompt, parts, static part => part.Lane.Backbone, static part => part.Lane.EncodePrompts(part.Items));
    }

    private static (int Item, long Seed, string Prompt) KeyOf(ResolvedItem item) => (item.Index, item.Seed, item.Prompt);
}
