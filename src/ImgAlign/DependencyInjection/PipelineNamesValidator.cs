using ImgAlign.Backbones;
using ImgAlign.Running;
using Microsoft.Extensions.Options;

namespace ImgAlign.DependencyInjection;

/// <summary>Checks that every pipeline names models that are registered, and a policy that there is.</summary>
internal sealed class PipelineNamesValidator(ModelNames names) : IValidateOptions<ImgAlignOptions>
{
    public ValidateOptionsResult Validate(string? name, ImgAlignOptions options)
    {
        var problems = options.Pipelines.Values.Prepend(options.Pipeline).SelectMany(Problems).Distinct().ToList();
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    private IEnumerable<string> Problems(PipelineOptions pipeline) =>
        (
            (string?[])
                [
                    names.Problem<IDiffusionBackbone>(pipeline.Backbone, nameof(pipeline.Backbone)),
                    .. pipeline.Replicas.Select(name => names.Problem<IDiffusionBackbone>(name, nameof(pipeline.Backbone))),
                    // A container may generate only; an alignment pipeline says what it lacks when it is made.
                    pipeline.Detector
                        is { } detector
                        ? names.Problem<IMisalignmentDetector>(detector, nameof(pipeline.Detector))
                        : null,
                    pipeline.Aligner is { } aligner ? names.Problem<IImplicitAligner>(aligner, nameof(pipeline.Aligner)) : null,
                    pipeline.Preset is { } preset && SamplingPresets.All.All(known => known.Name != preset)
                        ? $"Preset is '{preset}', which is not known; {SamplingPresets.Names} are."
                        : null,
                    .. pipeline.Scorers.Select(name => names.Problem<IImageScorer>(name, "Scorer")),
                    pipeline.Scorers.CountBy(static scorer => scorer).FirstOrDefault(static count => count.Value > 1).Key is { } twice
                        ? $"Scorers names '{twice}' twice; name it once."
                        : null,
                    pipeline.Policy is { } policy && SearchPolicies.All.All(known => known.Name != policy)
                        ? $"Policy is '{policy}'; use {string.Join(", ", SearchPolicies.All.Select(static known => known.Name))}."
                        : null,
                    pipeline.Budget is { } budget and (< 1 or > SearchRules.Most)
                        ? $"Budget is {budget}; use 1 to {SearchRules.Most}."
                        : null,
                    .. pipeline.Gate.Select(criterion =>
                        string.IsNullOrEmpty(criterion.Scorer)
                            ? "Gate has an entry without Scorer; name the scorer that decides."
                            : names.Problem<IImageScorer>(criterion.Scorer, "Scorer")
                    ),
                ]
        ).OfType<string>();
}
