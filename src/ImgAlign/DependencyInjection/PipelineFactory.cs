using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ImgAlign.DependencyInjection;

/// <summary>Makes a container's pipelines of the models that the options choose.</summary>
internal sealed class PipelineFactory(IServiceProvider provider)
{
    private readonly ModelNames names = provider.GetRequiredService<ModelNames>();
    private readonly ImgAlignOptions options = provider.GetRequiredService<IOptions<ImgAlignOptions>>().Value;

    /// <summary>A pipeline that generates.</summary>
    /// <param name="key">The name in <see cref="ImgAlignOptions.Pipelines"/>, or null for <see cref="ImgAlignOptions.Pipeline"/>.</param>
    /// <exception cref="ImgAlignException">There is no such pipeline, or one of its models is not registered.</exception>
    public IGenerationPipeline Generation(object? key)
    {
        var choice = Choice(key);
        return new GenerationPipeline(
            Backbone(choice),
            new GenerationPipelineOptions
            {
                Replicas = Replicas(choice),
                Preset = choice.Preset,
                RecordPrompts = options.RecordPrompts,
            },
            LoggerFactory
        );
    }

    /// <summary>A pipeline that aligns.</summary>
    /// <inheritdoc cref="Generation" path="/*[not(self::summary)]"/>
    public IAlignmentPipeline Alignment(object? key)
    {
        var choice = Choice(key);
        var scorers = ScorerNames(choice).ToDictionary(static name => name, name => Find<IImageScorer>(name, "Scorer"));
        var settings = new AlignmentPipelineOptions
        {
            Replicas = Replicas(choice),
            Preset = choice.Preset,
            Scorers = [.. scorers.Values],
            Acceptance = Gate(choice, scorers),
            Policy = choice.Policy is { } policy ? SearchPolicies.ByName(policy) : null,
            Budget = choice.Budget,
            Rewriter = Rewriter(choice),
            RecordPrompts = options.RecordPrompts,
        };
        if (!choice.Aligns)
            return new AlignmentPipeline(Backbone(choice), settings, LoggerFactory);
        return new AlignmentPipeline(
            Backbone(choice),
            Find<IMisalignmentDetector>(choice.Detector, nameof(choice.Detector)),
            Find<IImplicitAligner>(choice.Aligner, nameof(choice.Aligner)),
            settings,
            LoggerFactory
        );
    }

    private ILoggerFactory? LoggerFactory => provider.GetService<ILoggerFactory>();

    private IDiffusionBackbone Backbone(PipelineOptions choice) => Find<IDiffusionBackbone>(choice.Backbone, nameof(choice.Backbone));

    private List<IDiffusionBackbone> Replicas(PipelineOptions choice) =>
        [.. choice.Replicas.Select(name => Find<IDiffusionBackbone>(name, nameof(choice.Backbone)))];

    private IList<string> ScorerNames(PipelineOptions choice) =>
        choice.Scorers is { Count: > 0 } named
            ? named
            : names.ScorersOf(names.Choose<IDiffusionBackbone>(choice.Backbone, nameof(choice.Backbone)));

    // Scorers may be registered by other names than they have in records.
    private static ScoreGate? Gate(PipelineOptions choice, Dictionary<string, IImageScorer> scorers)
    {
        if (choice.Gate.Count == 0)
            return null;
        var criteria = choice.Gate.Select(criterion =>
            criterion with
            {
                Scorer = scorers.GetValueOrDefault(criterion.Scorer)?.Name ?? criterion.Scorer,
            }
        );
        return new ScoreGate(criteria) { Vote = choice.GateVote };
    }

    // One that was registered for the backbone, or for all.
    private IPromptRewriter? Rewriter(PipelineOptions choice) =>
        provider.GetKeyedService<IPromptRewriter>(names.Choose<IDiffusionBackbone>(choice.Backbone, nameof(choice.Backbone)))
        ?? provider.GetService<IPromptRewriter>();

    private T Find<T>(string? name, string contract)
        where T : notnull => provider.GetRequiredKeyedService<T>(names.Choose<T>(name, contract));

    private PipelineOptions Choice(object? key)
    {
        if (key is null)
            return options.Pipeline;
        return key is string name && options.Pipelines.TryGetValue(name, out var pipeline)
            ? pipeline
            : throw new ImgAlignException(
                $"There is no pipeline '{key}'; Pipelines has "
                    + $"{(options.Pipelines.Count == 0 ? "none" : string.Join(", ", options.Pipelines.Keys))}."
            );
    }
}
