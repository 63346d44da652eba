using Microsoft.Extensions.Options;

namespace ImgAlign.DependencyInjection;

/// <summary>Checks that every pipeline names models that are registered.</summary>
internal sealed class PipelineNamesValidator(ModelNames names) : IValidateOptions<ImgAlignOptions>
{
    public ValidateOptionsResult Validate(string? name, ImgAlignOptions options)
    {
        var problems = options.Pipelines.Values.Prepend(options.Pipeline).SelectMany(Problems).Distinct().ToList();
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    private IEnumerable<string> Problems(PipelineOptions pipeline) => new[]
    {
        names.Problem<IDiffusionBackbone>(pipeline.Backbone, "Backbone"),
        names.Problem<IMisalignmentDetector>(pipeline.Detector, "Detector"),
        names.Problem<IImplicitAligner>(pipeline.Aligner, "Aligner"),
    }.OfType<string>();
}
