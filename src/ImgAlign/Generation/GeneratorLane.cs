using System.Diagnostics;
using ImgAlign.Running;
using static TorchSharp.torch;

namespace ImgAlign.Generation;

/// <summary>The part of a request's items that one backbone generates. Its methods run on the worker thread of the backbone's device.</summary>
/// <param name="backbone">The backbone; borrowed.</param>
/// <param name="request">The request.</param>
/// <param name="items">The positions of this lane's items in the request.</param>
/// <param name="streams">The noise of all items; borrowed.</param>
/// <param name="batchSize">The most items at once.</param>
internal sealed class GeneratorLane(IDiffusionBackbone backbone, ResolvedRequest request, IReadOnlyList<int> items, IReadOnlyList<NoiseStream> streams, int batchSize) : IDisposable
{
    private readonly List<(IReadOnlyList<int> Batch, Tensor Latents)> finished = [];
    private readonly List<string?> texts = [];
    private TextFeatures? features;

    public IDiffusionBackbone Backbone => backbone;

    /// <summary>How many evaluations of the network a generation of some items takes.</summary>
    public int CountEvaluations(IReadOnlyList<int> wanted) => Batches(wanted).Sum(batch => request.Settings.Sampler.CountEvaluations(Steps(batch)));

    /// <summary>Encodes each different prompt of the lane's items once.</summary>
    public void EncodePrompts()
    {
        var mine = items.Select(index => request.Items[index]).ToList();
        texts.AddRange(mine.Select(static item => item.Prompt).Concat(request.IsGuided ? mine.Select(static item => item.NegativePrompt) : []).Distinct());
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
        using var model = new GuidedModel(backbone, backbone.CreateGuidance(settings), settings.GuidanceBranches, schedule, branch => Condition(batch, branch, prompts, imagePrompts?.Scale ?? 0));
        var noise = new BatchNoise(streams, batch, backbone.Runtime.Device);
        using var drawn = noise.Draw([batch.Count, .. backbone.LatentShape(size)]);
        using var x = drawn.Times(schedule.InitialScale);
        var evaluations = 0;
        return settings.Sampler.Sample(x, schedule, Evaluate, noise);

        Tensor Evaluate(Tensor sample, int step, NoiseLevel level)
        {
            run.CancellationToken.ThrowIfCancellationRequested();
            var start = Stopwatch.GetTimestamp();
            var data = model.Estimate(sample, step, level);
            if (request.PreviewInterval is { } interval && ++evaluations % interval == 0) Preview(batch, data, run);
            run.Step(Stopwatch.GetElapsedTime(start));
            return data;
        }
    }

    // The data that the network expects behind the noise is the picture so far.
    private void Preview(IReadOnlyList<int> batch, Tensor data, RunContext run)
    {
        foreach (var (item, image) in batch.Zip(backbone.Decode(data))) run.Report(new PreviewReady(item, run.Round, image));
    }

    private Conditioning Condition(IReadOnlyList<int> batch, Branch branch, BranchedTokens? prompts, double scale)
    {
        IEnumerable<int> unconditional = batch.Select(index => texts.IndexOf(request.Items[index].NegativePrompt)), conditional = batch.Select(index => texts.IndexOf(request.Items[index].Prompt));
        using var text = features!.Select(branch switch
        {
            Branch.Prompts => [.. conditional],
            Branch.Unconditional => [.. unconditional],
            _ => [.. unconditional, .. conditional],
        });
        using var tokens = prompts?.Of(branch);
        return backbone.Condition(text, tokens, scale, SizeOf(batch), request.Settings);
    }

    private IEnumerable<IReadOnlyList<int>> Batches(IReadOnlyList<int> wanted) => BatchPlan.Of(wanted.Where(items.Contains), request, streams, batchSize);

    private ImageSize SizeOf(IReadOnlyList<int> batch) => request.Items[batch[0]].Size;

    private int Steps(IReadOnlyList<int> batch) => backbone.CreateSchedule(request.Settings, SizeOf(batch)).StepsToRun;

    private void Forget()
    {
        foreach (var (_, latents) in finished) latents.Dispose();
        finished.Clear();
    }
}
