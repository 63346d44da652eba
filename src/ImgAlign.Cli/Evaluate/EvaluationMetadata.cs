using System.CommandLine;
using System.Globalization;
using ImgAlign.Cli.Align;
using ImgAlign.Cli.Jobs;
using ImgAlign.Evaluation;
using Microsoft.Extensions.Configuration;

namespace ImgAlign.Cli.Evaluate;

/// <summary>
/// What pictures of an evaluation carry of their making: the records of <c>generate</c> and <c>align</c>, by which <c>--from</c> makes them
/// again, without what differs from run to run.
/// </summary>
/// <param name="parsed">The command line.</param>
/// <param name="sampling">Its options of sampling.</param>
/// <param name="questions">Its option of questions to a judge.</param>
/// <param name="configuration">The models and how they ran.</param>
/// <param name="metadata">What pictures carry.</param>
internal sealed class EvaluationMetadata(
    ParseResult parsed,
    SamplingArguments sampling,
    Option<string?> questions,
    IConfigurationSection configuration,
    PictureMetadata metadata
) : IPictureTexts
{
    private readonly RecordedRun samples = new(parsed, sampling.OfSamples, ModelConfiguration.OfSamples(configuration));
    private readonly RecordedRun rounds = new(parsed, sampling.OfPictures, ModelConfiguration.OfRounds(configuration));
    private readonly RecordedRun searches = new(parsed, sampling.OfPictures.Append(questions), configuration);

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string>? Of(GenerationResult result, GeneratedItem picture, GenerationRequest request)
    {
        var record = GenerationRecord.Of(result, picture, JobOf(picture.Item), samples);
        return TextsOf(record, "generate", result.Items.Count, Asked(request));
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string>? Of(AlignmentResult result, AlignedItem picture, AlignmentRequest request, string file)
    {
        var job = JobOf(picture.Item) with { ImageFile = file, Question = picture.Item.Question };
        var run = request.Policy is null ? rounds : searches;
        (string, string?)[] own = request.Policy is { } policy
            ? [("--policy", policy.Name), ("--budget", Text(request.Budget))]
            : [("--no-gate", "")];
        (string, string?)[] ofRounds =
        [
            ("--scale", Text(request.ImagePromptScale)),
            ("--strength", Text(request.Strength)),
            ("--passes", request.AlignerPasses == new AlignmentRequest().AlignerPasses ? null : Text(request.AlignerPasses)),
        ];
        var record = AlignRecord.Of(result, picture, request, job, run);
        return TextsOf(record, "align", result.Items.Count, [.. Asked(request), .. own, .. ofRounds]);
    }

    private IReadOnlyDictionary<string, string>? TextsOf(
        GenerationRecord record,
        string command,
        int together,
        IEnumerable<(string Option, string? Value)> asked
    )
    {
        var all = new SortedDictionary<string, string>(record.Asked.ToDictionary(), StringComparer.Ordinal);
        foreach (var (option, value) in asked)
            if (value is not null)
                all[option] = value;
        var repeatable = record with
        {
            Command = command,
            BatchSize = together, // the most; how many fit is the machine's
            Image = null, // the one that was given was made here
            Asked = all,
        };
        return metadata.Of(repeatable.WithoutCosts());
    }

    private static PictureJob JobOf(GenerationItem item) =>
        new("", item.Prompt, item.Seed) { NegativePrompt = item.NegativePrompt, Size = item.Size };

    // What an arm may say otherwise than the command line.
    private static (string Option, string? Value)[] Asked(SamplingRequest request) =>
        [("--steps", Text(request.Steps)), ("--guidance", Text(request.Guidance)), ("--sampler", request.Sampler?.Name)];

    private static string? Text(IFormattable? value) => value?.ToString(null, CultureInfo.InvariantCulture);
}
