using System.Reflection;
using ImgAlign.Imaging;
using ImgAlign.Server.Jobs;
using Microsoft.Extensions.DependencyInjection;

namespace ImgAlign.Server.Work;

/// <summary>Makes the pictures of a job with the container's pipelines.</summary>
internal sealed class JobRun(ImgAlignServerOptions options)
{
    // What is taken for the number of steps where none is given: previews come about as often as was wished.
    private const int UsualSteps = 30;

    private static readonly string Version = typeof(ImageFile)
        .Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!
        .InformationalVersion;

    /// <summary>Runs a job.</summary>
    /// <param name="services">Where the pipelines are.</param>
    /// <param name="job">The job.</param>
    /// <param name="input">The file of its given picture, if it has one.</param>
    /// <param name="reporter">What is told of it on the way.</param>
    /// <param name="cancellationToken">Ends the run before its next step.</param>
    /// <returns>What it made, and the pictures, as PNG files by the names that they have there.</returns>
    public async Task<(JobResult Result, IReadOnlyDictionary<string, byte[]> Pictures)> RunAsync(
        IServiceProvider services,
        Job job,
        byte[]? input,
        JobReporter reporter,
        CancellationToken cancellationToken
    )
    {
        var request = job.Request;
        var picture = input is null ? null : ImageFile.Decode(input, "The picture");
        var pictures = new Dictionary<string, byte[]>();
        var png = new PngFiles();
        var items = Enumerable.Range(0, request.Count).Select(i => ToItem(request, picture, i)).ToList();
        if (request.Rounds == 0)
        {
            var generation = services.GetRequiredService<IGenerationPipeline>();
            var updates = generation.StreamAsync((GenerationRequest)Sample(request, new GenerationRequest(items)), cancellationToken);
            var result = await FollowAsync<GenerationResult>(updates, png, reporter);
            var made = result.Items.Select(
                (item, i) => new PictureResult(item.Item.Seed, Save(item.Image, $"{i}.png"), null, NoScores, [], item.Warnings)
            );
            return (ToResult(result, decidedBy: null, [.. made]), pictures);
        }
        var alignment = services.GetRequiredService<IAlignmentPipeline>();
        var asked = (AlignmentRequest)Sample(
            request,
            new AlignmentRequest(items)
            {
                Rounds = request.Rounds,
                Budget = request.Budget,
                Policy = request.Policy is { } policy ? SearchPolicies.ByName(policy) : null,
                DescribeCritique = true,
            }
        );
        var aligned = await FollowAsync<AlignmentResult>(alignment.StreamAsync(asked, cancellationToken), png, reporter);
        return (ToResult(aligned, aligned.Acceptance.Description, [.. aligned.Items.Select(ToPicture)]), pictures);

        PictureResult ToPicture(AlignedItem item, int index)
        {
            var before = Save(item.BaseImage, $"{index}-before.png");
            var candidates = item
                .Candidates.Skip(1)
                .Select(candidate => new CandidateResult(
                    candidate.Number,
                    candidate.Parent!.Value,
                    candidate.Action!.Value,
                    candidate.Round,
                    candidate.Seed,
                    candidate.Question,
                    candidate.Critique,
                    Save(candidate.Image, $"{index}-{candidate.Number}.png"),
                    ToDictionary(candidate.Scores),
                    candidate.Accepted
                ))
                .ToList();
            var kept = item.Kept.Number == 0 ? before : candidates[item.Kept.Number - 1].Image;
            return new PictureResult(item.Item.Seed, kept, before, ToDictionary(item.BaseScores), candidates, item.Warnings);
        }

        string Save(RgbImage image, string name)
        {
            pictures[name] = png.Of(image);
            return name;
        }
    }

    private static Dictionary<string, double> NoScores => [];

    private static AlignmentItem ToItem(JobRequest request, RgbImage? picture, int index) =>
        new(request.Prompt)
        {
            NegativePrompt = request.NegativePrompt,
            Seed = request.Seed!.Value + index,
            Size = request.Width is { } width ? new ImageSize(width, request.Height!.Value) : null,
            Question = request.Question,
            Image = picture,
        };

    private static SamplingRequest Sample(JobRequest request, SamplingRequest sampling) =>
        sampling with
        {
            Steps = request.Steps,
            Guidance = request.Guidance,
            ImagePromptScale = request.ImagePromptScale,
            PreviewInterval = request.Previews == 0 ? null : Math.Max(1, (request.Steps ?? UsualSteps) / (request.Previews + 1)),
        };

    private static async Task<T> FollowAsync<T>(IAsyncEnumerable<RunUpdate> updates, PngFiles png, JobReporter reporter)
        where T : class
    {
        T? result = null;
        await foreach (var update in updates)
        {
            switch (update)
            {
                case StageStarted stage:
                    reporter.Report(new ProgressEvent(new JobProgress(update.Progress, stage.Stage, stage.Round, 0, stage.Steps)));
                    break;
                case StepCompleted step:
                    reporter.Report(new ProgressEvent(new JobProgress(update.Progress, step.Stage, step.Round, step.Step, step.Steps)));
                    break;
                case PreviewReady preview:
                    reporter.Report(
                        new PreviewEvent(
                            preview.Item,
                            preview.Round,
                            update.Progress,
                            Convert.ToBase64String(ImageFile.EncodePng(preview.Image))
                        )
                    );
                    break;
                case PictureReady picture:
                    reporter.Report(new PictureEvent(picture.Item, Convert.ToBase64String(png.Of(picture.Image))));
                    break;
                case CandidateReady { Candidate: { Number: > 0 } candidate, Item: var item }:
                    reporter.Report(
                        new CandidateEvent(
                            item,
                            candidate.Number,
                            candidate.Parent!.Value,
                            candidate.Action!.Value,
                            candidate.Round,
                            candidate.Seed,
                            candidate.Question,
                            candidate.Critique,
                            ToDictionary(candidate.Scores),
                            candidate.Accepted,
                            Convert.ToBase64String(png.Of(candidate.Image))
                        )
                    );
                    break;
                case RunCompleted<T> completed:
                    result = completed.Result;
                    break;
            }
        }
        return result!;
    }

    private JobResult ToResult(RunResult run, string? decidedBy, IReadOnlyList<PictureResult> pictures) =>
        new(
            Version,
            options.ModelId,
            run.Settings.Steps,
            run.Settings.Guidance,
            run.Settings.ImagePromptScale,
            run.Settings.Sampler.Name,
            run.Report.Duration.TotalSeconds,
            decidedBy,
            pictures
        );

    private static Dictionary<string, double> ToDictionary(IEnumerable<NamedScore> scores) =>
        scores.ToDictionary(static score => score.Scorer, static score => score.Value);

    /// <summary>The files of a run's pictures: each is told of and then kept, and is encoded once.</summary>
    private sealed class PngFiles
    {
        private readonly Dictionary<RgbImage, byte[]> files = new(ReferenceEqualityComparer.Instance);

        public byte[] Of(RgbImage image) => files.TryGetValue(image, out var file) ? file : files[image] = ImageFile.EncodePng(image);
    }
}
