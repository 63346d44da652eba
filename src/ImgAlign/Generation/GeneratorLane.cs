using System.Diagnostics;
using ImgAlign.Imaging;
using ImgAlign.Running;
using ImgAlign.Sampling;
using static TorchSharp.torch;

namespace ImgAlign.Generation;

/// <summary>The part of a request's items that one backbone generates. Its methods run on the worker thread of the backbone's
/// device.</summary>
/// <param name="backbone">The backbone; borrowed.</param>
/// <param name="request">The request.</param>
/// <param name="items">The positions of this lane's items in the request.</param>
/// <param name="streams">The noise of all items; borrowed.</param>
/// <param name="batchSize">The most items at once.</param>
internal sealed class GeneratorLane(
    IDiffusionBackbone backbone,
    ResolvedRequest request,
    IReadOnlyList<int> items,
    IReadOnlyList<NoiseStream> streams,
    int batchSize
) : IDisposable
{
    private readonly List<(IReadOnlyList<int> Batch, Tensor Latents)> finished = [];
    private readonly Dictionary<int, Tensor> starts = []; // the latents that items start from, where they do not begin as noise
    private readonly List<string?> texts = [];
    private TextFeatures? features;

    public IDiffusionBackbone Backbone => backbone;

    /// <summary>How many evaluations of the network a generation of some items takes.</summary>
    public int CountEvaluations(IReadOnlyList<int> wanted) =>
        Batches(wanted).Sum(batch => request.Settings.Sampler.CountEvaluations(Steps(batch)));

    /// <summary>Encodes each different prompt of the lane's items once.</summary>
    public void EncodePrompts()
    {
        var mine = items.Select(index => request.Items[index]).ToList();
        texts.AddRange(
            mine.Select(static item => item.Prompt)
                .Concat(request.IsGuided ? mine.Select(static item => item.NegativePrompt) : [])
                .Distinct()
        );
        foreach (var chunk in texts.Chunk(2 * batchSize))
        {
            var encoded = backbone.EncodeText(chunk);
            if (features is null)
            {
                features = encoded;
                continue;
            }
            using (encoded)
            {
                using var before = features;
                features = before.Concat(encoded);
            }
        }
    }

    /// <summary>Encodes the pictures that this lane's part of some items starts from, for the next <see cref="Denoise"/>.</summary>
    /// <param name="pictures">A picture for each item.</param>
    public void EncodeStarts(IReadOnlyDictionary<int, RgbImage> pictures)
    {
        foreach (var (item, picture) in pictures.Where(pair => items.Contains(pair.Key)))
        {
            using var scope = NewDisposeScope();
            var size = request.Items[item].Size;
            var resized = picture.Size == size ? picture : PillowResize.Resize(picture, size.Width, size.Height, ResampleFilter.Lanczos);
            var noise = streams[item].Draw(0, item, backbone.LatentShape(size), isForPicture: true).to(backbone.Runtime.Device);
            starts[item] = backbone.EncodeLatents(resized, noise).DetachFromDisposeScope();
        }
    }

    /// <summary>Denoises this lane's part of some items; <see cref="Decode"/> gives the pictures.</summary>
    /// <param name="wanted">The items.</param>
    /// <param name="imagePrompts">Their image prompts; null for none.</param>
    /// <param name="run">Told each evaluation.</param>
    public void Denoise(IReadOnlyList<int> wanted, ImagePromptRows? imagePrompts, RunContext run)
    {
        foreach (var batch in Batches(wanted))
        {
            using var scope = NewDisposeScope();
            finished.Add((batch, DenoiseBatch(batch, imagePrompts, run).DetachFromDisposeScope()));
        }
    }

    /// <summary>The pictures of the last <see cref="Denoise"/>, each with its item.</summary>
    public IReadOnlyList<(int Item, RgbImage Image)> Decode()
    {
        var images = finished.SelectMany(batch => batch.Batch.Zip(backbone.Decode(batch.Latents))).ToList();
        Forget();
        return images;
    }

    public void Dispose()
    {
        Forget();
        features?.Dispose();
    }

    private Tensor DenoiseBatch(IReadOnlyList<int> batch, ImagePromptRows? imagePrompts, RunContext run)
    {
        var (size, settings) = (SizeOf(batch), request.Settings);
        var schedule = backbone.CreateSchedule(settings, size);
        using var prompts = imagePrompts?.Of(batch, backbone.Runtime.Device);
        using var model = new GuidedModel(
            backbone,
            backbone.CreateGuidance(settings),
            settings.GuidanceBranches,
            schedule,
            branch => Condition(batch, branch, prompts, imagePrompts?.Scale ?? 0)
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
                Preview(batch, data, run);
            run.Step(Stopwatch.GetElapsedTime(start));
            return data;
        }
    }

    private Tensor FirstSample(IReadOnlyList<int> batch, Tensor noise, NoiseSchedule schedule)
    {
        if (starts.Count == 0)
            return noise.Times(schedule.InitialScale);
        using var scope = NewDisposeScope();
        return schedule.Levels[schedule.First].Mix(cat([.. batch.Select(item => starts[item])]), noise).MoveToOuterDisposeScope();
    }

    // The data that the network expects behind the noise is the picture so far.
    private void Preview(IReadOnlyList<int> batch, Tensor data, RunContext run)
    {
        foreach (var (item, image) in batch.Zip(backbone.Decode(data)))
            run.Report(new PreviewReady(item, run.Round, image));
    }

    private Conditioning Condition(IReadOnlyList<int> batch, Branch branch, BranchedTokens? prompts, double scale)
    {
        IEnumerable<int> unconditional = batch.Select(index => texts.IndexOf(request.Items[index].NegativePrompt)),
            conditional = batch.Select(index => texts.IndexOf(request.Items[index].Prompt));
        using var text = features!.Select(
            branch switch
            {
                Branch.Prompts => [.. conditional],
                Branch.Unconditional => [.. unconditional],
                _ => [.. unconditional, .. conditional],
            }
        );
        using var tokens = prompts?.Of(branch);
        return backbone.Condition(text, tokens, scale, SizeOf(batch), request.Settings);
    }

    private IEnumerable<IReadOnlyList<int>> Batches(IReadOnlyList<int> wanted) =>
        BatchPlan.Of(wanted.Where(items.Contains), request, streams, batchSize);

    private ImageSize SizeOf(IReadOnlyList<int> batch) => request.Items[batch[0]].Size;

    private int Steps(IReadOnlyList<int> batch) => backbone.CreateSchedule(request.Settings, SizeOf(batch)).StepsToRun;

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
