using System.Diagnostics;
using ImgAlign.Imaging;
using ImgAlign.Running;
using ImgAlign.Sampling;
using static TorchSharp.torch;

namespace ImgAlign.Generation;

/// <summary>The part of a run's pictures that one backbone generates. Its methods run on the worker thread of the backbone's
/// device.</summary>
/// <param name="backbone">The backbone; borrowed.</param>
/// <param name="request">How pictures are generated.</param>
/// <param name="streams">The noise of all pictures; borrowed.</param>
/// <param name="batchSize">The most pictures at once.</param>
/// <param name="inTiles">Whether memory does not suffice for whole pictures.</param>
internal sealed class GeneratorLane(IDiffusionBackbone backbone, ResolvedRequest request, NoiseStreams streams, int batchSize, bool inTiles)
    : IDisposable
{
    private const int MostPreviewPixels = 512; // along the longer edge

    private readonly List<(IReadOnlyList<Drawing> Batch, Tensor Latents)> finished = [];

    // The latents that pictures start from, where they do not begin as noise.
    private readonly Dictionary<Drawing, Tensor> starts = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<int, EncodedTexts> texts = []; // by the number of tokens that they are computed with

    public IDiffusionBackbone Backbone => backbone;

    /// <summary>How many evaluations of the network a generation takes.</summary>
    public int CountEvaluations(IEnumerable<Drawing> drawings) => Batches(drawings).Sum(batch => CountEvaluations(batch[0].Item.Size));

    /// <summary>How many evaluations of the network a batch of pictures of a size takes.</summary>
    public int CountEvaluations(ImageSize size) =>
        request.Settings.Sampler.CountEvaluations(backbone.CreateSchedule(request.Settings, size).StepsToRun);

    /// <summary>Whether any prompt of some items is still to be encoded.</summary>
    public bool Lacks(IReadOnlyList<ResolvedItem> items) => Unencoded(items).Any();

    /// <summary>Encodes each different prompt of some items, unless it is encoded already.</summary>
    public void EncodePrompts(IReadOnlyList<ResolvedItem> items)
    {
        foreach (var alike in Unencoded(items).GroupBy(static text => text.Tokens, static text => text.Text).ToList())
        {
            if (!texts.TryGetValue(alike.Key, out var encoded))
                texts[alike.Key] = encoded = new EncodedTexts();
            foreach (var chunk in alike.Chunk(2 * batchSize))
                encoded.Add(chunk, backbone.EncodeText(chunk, request.Settings, alike.Key));
        }
    }

    /// <summary>Encodes what some pictures start from, for the next <see cref="Denoise"/>.</summary>
    public void EncodeStarts(IEnumerable<Drawing> drawings)
    {
        foreach (var drawing in drawings)
        {
            using var scope = NewDisposeScope();
            var (item, picture) = (drawing.Item, drawing.Start!);
            var resized =
                picture.Size == item.Size
                    ? picture
                    : PillowResize.Resize(picture, item.Size.Width, item.Size.Height, ResampleFilter.Lanczos);
            var noise = streams
                .Of(item)
                .Draw(0, item.Index, backbone.LatentShape(item.Size), isForPicture: true)
                .to(backbone.Runtime.Device);
            starts[drawing] = backbone.EncodeLatents(resized, noise, inTiles).DetachFromDisposeScope();
        }
    }

    /// <summary>Denoises pictures; <see cref="Decode"/> gives them.</summary>
    /// <param name="drawings">What they are.</param>
    /// <param name="imagePrompts">The image prompts of those that have one; null where none does.</param>
    /// <param name="run">Told each evaluation.</param>
    public void Denoise(IEnumerable<Drawing> drawings, ImagePromptRows? imagePrompts, RunContext run)
    {
        foreach (var batch in Batches(drawings))
        {
            using var scope = NewDisposeScope();
            finished.Add((batch, DenoiseBatch(batch, imagePrompts, run).DetachFromDisposeScope()));
        }
    }

    /// <summary>The pictures of the last <see cref="Denoise"/>.</summary>
    public IReadOnlyList<(Drawing Drawing, RgbImage Image)> Decode()
    {
        var images = finished.SelectMany(batch => batch.Batch.Zip(backbone.Decode(batch.Latents, inTiles))).ToList();
        Forget();
        return images;
    }

    public void Dispose()
    {
        Forget();
        foreach (var encoded in texts.Values)
            encoded.Dispose();
    }

    private Tensor DenoiseBatch(IReadOnlyList<Drawing> batch, ImagePromptRows? imagePrompts, RunContext run)
    {
        var (size, settings) = (batch[0].Item.Size, request.Settings);
        var schedule = backbone.CreateSchedule(settings, size);
        using var prompts = batch[0].PromptRow is null
            ? null
            : imagePrompts!.Of(batch.Select(static drawing => drawing.PromptRow!.Value), backbone.Runtime.Device);
        using var model = new GuidedModel(
            backbone,
            backbone.CreateGuidance(settings),
            imagePrompts is { Unconditional: null } ? GuidanceBranches.Apart : settings.GuidanceBranches,
            schedule,
            branch => Condition(batch, branch, prompts, prompts is null ? 0 : imagePrompts!.Scale)
        );
        var noise = new BatchNoise(streams, batch, backbone.Runtime.Device, drawn: starts.Count > 0 ? 1 : 0);
        using var drawn = noise.Draw([batch.Count, .. backbone.LatentShape(size)]);
        using var x = FirstSample(batch, drawn, schedule);
        var evaluations = 0;
        return settings.Sampler.Sample(x, schedule, Evaluate, noise);

        Tensor Evaluate(Tensor sample, int step, NoiseLevel level)
        {
            run.CancellationToken.ThrowIfCancellationRequested();
            var start = Stopwatch.GetTimestamp();
            var data = model.Estimate(sample, step, level);
            if (request.PreviewInterval is { } interval && ++evaluations % interval == 0)
                Preview(batch, data, evaluations, run);
            run.Step(Stopwatch.GetElapsedTime(start), batch.Count);
            return data;
        }
    }

    private Tensor FirstSample(IReadOnlyList<Drawing> batch, Tensor noise, NoiseSchedule schedule)
    {
        if (starts.Count == 0)
            return noise.Times(schedule.InitialScale);
        using var scope = NewDisposeScope();
        return schedule.Levels[schedule.First].Mix(cat([.. batch.Select(drawing => starts[drawing])]), noise).MoveToOuterDisposeScope();
    }

    // The data that the network expects behind the noise is the picture so far.
    private void Preview(IReadOnlyList<Drawing> batch, Tensor data, int evaluation, RunContext run)
    {
        foreach (var (drawing, image) in batch.Zip(backbone.Preview(data, inTiles)))
            run.Report(new PreviewReady(drawing.Item.Index, run.Round, evaluation, Small(image)));
    }

    private static RgbImage Small(RgbImage image)
    {
        var scale = (double)MostPreviewPixels / Math.Max(image.Width, image.Height);
        return scale >= 1 ? image : PillowResize.Resize(image, Scaled(image.Width), Scaled(image.Height), ResampleFilter.Lanczos);

        int Scaled(int side) => Math.Max(1, (int)Math.Round(scale * side));
    }

    private Conditioning Condition(IReadOnlyList<Drawing> batch, Branch branch, BranchedTokens? prompts, double scale)
    {
        IEnumerable<string?> unconditional = batch.Select(static drawing => drawing.Item.NegativePrompt),
            conditional = batch.Select(static drawing => drawing.Item.Prompt);
        using var text = texts[batch[0].Item.TextTokens]
            .Select(
                branch switch
                {
                    Branch.Prompts => [.. conditional],
                    Branch.Unconditional => [.. unconditional],
                    _ => [.. unconditional, .. conditional],
                }
            );
        using var tokens = prompts?.Of(branch);
        return backbone.Condition(text, tokens, scale, batch[0].Item.Size, request.Settings);
    }

    private IEnumerable<IReadOnlyList<Drawing>> Batches(IEnumerable<Drawing> drawings) => BatchPlan.Of(drawings, streams, batchSize);

    private IEnumerable<(int Tokens, string? Text)> Unencoded(IReadOnlyList<ResolvedItem> items) =>
        items
            .Select(static item => (item.TextTokens, (string?)item.Prompt))
            .Concat(request.IsGuided ? items.Select(static item => (item.TextTokens, item.NegativePrompt)) : [])
            .Distinct()
            .Where(text => !texts.TryGetValue(text.TextTokens, out var encoded) || !encoded.Has(text.Item2));

    private void Forget()
    {
        foreach (var (_, latents) in finished)
            latents.Dispose();
        finished.Clear();
        foreach (var latents in starts.Values)
            latents.Dispose();
        starts.Clear();
    }
}
