using ImgAlign.Scorers;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace ImgAlign.DependencyInjection;

/// <summary>Registers scorers whose judge is a multimodal language model that is registered as a detector.</summary>
public static class JudgeBuilderExtensions
{
    /// <summary>Registers VQAScore: how probable it is to the judge that the picture shows the prompt.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="configure">Says which model judges, and by which formula; null: the pipeline's detector, by that of the
    /// authors.</param>
    /// <param name="name">The name to choose it by.</param>
    public static ImgAlignBuilder UseVqaScore(
        this ImgAlignBuilder builder,
        Action<VqaScoreOptions>? configure = null,
        string name = VqaScorer.DefaultName
    ) => builder.Vqa(options => options.Configure(configure ?? (static _ => { })), name);

    /// <summary>The same, with the options bound to a section of the configuration.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="configuration">The section, such as <c>ImgAlign:VqaScore</c>; checked when the host starts.</param>
    /// <param name="name">The name to choose it by.</param>
    public static ImgAlignBuilder UseVqaScore(
        this ImgAlignBuilder builder,
        IConfiguration configuration,
        string name = VqaScorer.DefaultName
    ) => builder.Vqa(options => options.BindStrictly(configuration), name);

    /// <summary>Registers Soft-TIFA: a mean over questions about the picture.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="configure">Says which model judges, and where questions come from; null: the pipeline's detector, and from an item's
    /// <see cref="AlignmentItem.PictureQuestions"/>.</param>
    /// <param name="name">The name to choose it by.</param>
    public static ImgAlignBuilder UseSoftTifa(
        this ImgAlignBuilder builder,
        Action<SoftTifaOptions>? configure = null,
        string name = SoftTifaScorer.DefaultName
    ) => builder.SoftTifa(options => options.Configure(configure ?? (static _ => { })), name);

    /// <summary>The same, with the options bound to a section of the configuration.</summary>
    /// <inheritdoc cref="UseVqaScore(ImgAlignBuilder, IConfiguration, string)" path="/param"/>
    public static ImgAlignBuilder UseSoftTifa(
        this ImgAlignBuilder builder,
        IConfiguration configuration,
        string name = SoftTifaScorer.DefaultName
    ) => builder.SoftTifa(options => options.BindStrictly(configuration), name);

    private static ImgAlignBuilder Vqa(this ImgAlignBuilder builder, Action<OptionsBuilder<VqaScoreOptions>> set, string name) =>
        builder.UseJudgeScorer<VqaScoreOptions, VqaScoreOptionsValidator>(
            set,
            (judge, options) => new VqaScorer(judge, options, name),
            name
        );

    private static ImgAlignBuilder SoftTifa(this ImgAlignBuilder builder, Action<OptionsBuilder<SoftTifaOptions>> set, string name) =>
        builder.UseJudgeScorer<SoftTifaOptions, SoftTifaOptionsValidator>(
            set,
            (judge, options) => new SoftTifaScorer(judge, options, name),
            name
        );
}
