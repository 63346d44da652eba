using ImgAlign.Running;

namespace ImgAlign.Generation;

/// <summary>
/// Generates the pictures of a request from the same prompts and the same noise as often as asked, with other image prompts each time.
/// Several backbones, each on its own device, share the items.
/// </summary>
internal sealed class ImageGenerator : IDisposable
{
    private readonly ResolvedRequest request;
    private readonly RunContext run;
    private readonly IReadOnlyList<NoiseStream> streams;
    private readonly List<GeneratorLane> lanes = [];

    /// <summary>Divides the items among the backbones, and encodes their prompts.</summary>
    /// <param name="backbones">The backbones; borrowed.</param>
    /// <param name="request">The request.</param>
    /// <param name="run">The run.</param>
    public ImageGenerator(IReadOnlyList<IDiffusionBackbone> backbones, ResolvedRequest request, RunContext run)
    {
        (this.request, this.run) = (request, run);
        streams = NoiseStream.Of(request.Items);
        var all = BatchPlan.Of(Enumerable.Range(0, request.Items.Count), request, streams, run.BatchSize).Index().ToList();
        foreach (var (number, backbone) in backbones.Index())
        {
            int[] mine = [.. all.Where(batch => batch.Index % backbones.Count == number).SelectMany(batch => batch.Item)];
            if (mine.Length > 0)
                lanes.Add(new GeneratorLane(backbone, request, mine, streams, run.BatchSize));
        }
        try
        {
            run.Stage(RunStage.EncodePrompt, lanes, static lane => lane.Backbone, static lane => lane.EncodePrompts());
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Whether any step computes the branch without the prompts.</summary>
    public bool IsGuided => request.IsGuided;

    /// <summary>How often generating some items evaluates the network, batch by batch.</summary>
    public int CountEvaluations(IReadOnlyList<int> items) => lanes.Sum(lane => lane.CountEvaluations(items));

    /// <summary>Generates pictures.</summary>
    /// <param name="items">The positions of the items in the request.</param>
    /// <param name="imagePrompts">Their image prompts, or null for none.</param>
    /// <param name="starts">The pictures that they start from, in the same order, or null where they begin as noise.</param>
    /// <returns>A picture for each of <paramref name="items"/>, in their order.</returns>
    public IReadOnlyList<RgbImage> Generate(
        IReadOnlyList<int> items,
        ImagePromptRows? imagePrompts = null,
        IReadOnlyList<RgbImage>? starts = null
    )
    {
        if (items.Count == 0)
            return [];
        var images = new RgbImage[request.Items.Count];
        if (starts is not null)
        {
            var pictures = items.Zip(starts).ToDictionary();
            run.Stage(RunStage.EncodeStart, lanes, static lane => lane.Backbone, lane => lane.EncodeStarts(pictures));
        }
        run.Stage(
            RunStage.Generate,
            lanes,
            static lane => lane.Backbone,
            lane => lane.Denoise(items, imagePrompts, run),
            CountEvaluations(items)
        );
        run.Stage(
            RunStage.Decode,
            lanes,
            static lane => lane.Backbone,
            lane =>
            {
                foreach (var (item, image) in lane.Decode())
                    images[item] = image;
            }
        );
        return [.. items.Select(item => images[item])];
    }

    public void Dispose()
    {
        foreach (var lane in lanes)
            lane.Dispose();
        foreach (var stream in streams.Distinct())
            stream.Dispose();
    }
}
