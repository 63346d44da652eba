using ImgAlign.Scorers;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ImgAlign.DependencyInjection;

/// <summary>
/// Registers published scorers. Several may be there: of a pipeline's scorers the first decides which pictures are kept, unless
/// <see cref="PipelineOptions.Gate"/> says otherwise, and the others report. A scorer's name in records is that of its registration.
/// </summary>
public static class ScorerBuilderExtensions
{
    /// <summary>Registers a CLIP score.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="configure">Says where its files are; checked when the host starts.</param>
    /// <param name="name">The name to choose it by.</param>
    public static ImgAlignBuilder UseClipScore(
        this ImgAlignBuilder builder,
        Action<ClipScoreOptions> configure,
        string name = ClipScorer.DefaultName
    ) => builder.Clip(options => options.Configure(configure), name);

    /// <summary>Registers PickScore.</summary>
    /// <inheritdoc cref="UseClipScore(ImgAlignBuilder, Action{ClipScoreOptions}, string)" path="/param"/>
    public static ImgAlignBuilder UsePickScore(
        this ImgAlignBuilder builder,
        Action<PickScoreOptions> configure,
        string name = PickScorer.DefaultName
    ) => builder.Pick(options => options.Configure(configure), name);

    /// <summary>Registers HPSv2 or HPSv2.1.</summary>
    /// <inheritdoc cref="UseClipScore(ImgAlignBuilder, Action{ClipScoreOptions}, string)" path="/param"/>
    public static ImgAlignBuilder UseHps(this ImgAlignBuilder builder, Action<HpsOptions> configure, string name = HpsScorer.DefaultName) =>
        builder.Hps(options => options.Configure(configure), name);

    /// <summary>Registers LAION's aesthetic predictor.</summary>
    /// <inheritdoc cref="UseClipScore(ImgAlignBuilder, Action{ClipScoreOptions}, string)" path="/param"/>
    public static ImgAlignBuilder UseAesthetic(
        this ImgAlignBuilder builder,
        Action<AestheticOptions> configure,
        string name = AestheticScorer.DefaultName
    ) => builder.Aesthetic(options => options.Configure(configure), name);

    /// <summary>Registers ImageReward.</summary>
    /// <inheritdoc cref="UseClipScore(ImgAlignBuilder, Action{ClipScoreOptions}, string)" path="/param"/>
    public static ImgAlignBuilder UseImageReward(
        this ImgAlignBuilder builder,
        Action<ImageRewardOptions> configure,
        string name = ImageRewardScorer.DefaultName
    ) => builder.Reward(options => options.Configure(configure), name);

    /// <summary>Registers HPSv3.</summary>
    /// <inheritdoc cref="UseClipScore(ImgAlignBuilder, Action{ClipScoreOptions}, string)" path="/param"/>
    public static ImgAlignBuilder UseHpsv3(
        this ImgAlignBuilder builder,
        Action<Hpsv3Options> configure,
        string name = Hpsv3Scorer.DefaultName
    ) => builder.Hpsv3(options => options.Configure(configure), name);

    /// <summary>Registers VQAScore: how probable it is to a multimodal language model, one of the detectors, that the picture shows the
    /// prompt.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="configure">Says which model judges, and by which formula; null: the pipeline's detector, by that of the
    /// authors.</param>
    /// <param name="name">The name to choose it by.</param>
    public static ImgAlignBuilder UseVqaScore(
        this ImgAlignBuilder builder,
        Action<VqaScoreOptions>? configure = null,
        string name = VqaScorer.DefaultName
    ) => builder.Vqa(options => options.Configure(configure ?? (static _ => { })), name);

    /// <summary>Registers Soft-TIFA: a mean over questions about the picture, which such a model answers.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="configure">Says which model judges, and where questions come from; null: the pipeline's detector, and from an item's
    /// <see cref="AlignmentItem.PictureQuestions"/>.</param>
    /// <param name="name">The name to choose it by.</param>
    public static ImgAlignBuilder UseSoftTifa(
        this ImgAlignBuilder builder,
        Action<SoftTifaOptions>? configure = null,
        string name = SoftTifaScorer.DefaultName
    ) => builder.SoftTifa(options => options.Configure(configure ?? (static _ => { })), name);

    /// <summary>Registers the scorers whose sections are there: <c>ClipScore</c>, <c>PickScore</c>, <c>Hps</c>, <c>Aesthetic</c>,
    /// <c>ImageReward</c>, <c>Hpsv3</c>, <c>VqaScore</c>, <c>SoftTifa</c>.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="configuration">The section around them, such as <c>ImgAlign</c>; checked when the host starts.</param>
    public static ImgAlignBuilder UseScorers(this ImgAlignBuilder builder, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        if (Section("ClipScore") is { } clip)
            builder.Clip(options => options.BindStrictly(clip), ClipScorer.DefaultName);
        if (Section("PickScore") is { } pick)
            builder.Pick(options => options.BindStrictly(pick), PickScorer.DefaultName);
        if (Section("Hps") is { } hps)
            builder.Hps(options => options.BindStrictly(hps), HpsScorer.DefaultName);
        if (Section("Aesthetic") is { } aesthetic)
            builder.Aesthetic(options => options.BindStrictly(aesthetic), AestheticScorer.DefaultName);
        if (Section("ImageReward") is { } reward)
            builder.Reward(options => options.BindStrictly(reward), ImageRewardScorer.DefaultName);
        if (Section("Hpsv3") is { } hpsv3)
            builder.Hpsv3(options => options.BindStrictly(hpsv3), Hpsv3Scorer.DefaultName);
        if (Section("VqaScore") is { } vqa)
            builder.Vqa(options => options.BindStrictly(vqa), VqaScorer.DefaultName);
        if (Section("SoftTifa") is { } softTifa)
            builder.SoftTifa(options => options.BindStrictly(softTifa), SoftTifaScorer.DefaultName);
        return builder;

        IConfigurationSection? Section(string name) => configuration.GetSection(name) is var section && section.Exists() ? section : null;
    }

    private static ImgAlignBuilder Clip(this ImgAlignBuilder builder, Action<OptionsBuilder<ClipScoreOptions>> set, string name) =>
        builder.UseScorer<ClipScoreOptions, ClipScoreOptionsValidator>(
            set,
            static options => options.Device,
            (runtime, options) => new ClipScorer(runtime, options, name),
            name
        );

    private static ImgAlignBuilder Pick(this ImgAlignBuilder builder, Action<OptionsBuilder<PickScoreOptions>> set, string name) =>
        builder.UseScorer<PickScoreOptions, PickScoreOptionsValidator>(
            set,
            static options => options.Device,
            (runtime, options) => new PickScorer(runtime, options, name),
            name
        );

    private static ImgAlignBuilder Hps(this ImgAlignBuilder builder, Action<OptionsBuilder<HpsOptions>> set, string name) =>
        builder.UseScorer<HpsOptions, HpsOptionsValidator>(
            set,
            static options => options.Device,
            (runtime, options) => new HpsScorer(runtime, options, name),
            name
        );

    private static ImgAlignBuilder Aesthetic(this ImgAlignBuilder builder, Action<OptionsBuilder<AestheticOptions>> set, string name) =>
        builder.UseScorer<AestheticOptions, AestheticOptionsValidator>(
            set,
            static options => options.Device,
            (runtime, options) => new AestheticScorer(runtime, options, name),
            name
        );

    private static ImgAlignBuilder Reward(this ImgAlignBuilder builder, Action<OptionsBuilder<ImageRewardOptions>> set, string name) =>
        builder.UseScorer<ImageRewardOptions, ImageRewardOptionsValidator>(
            set,
            static options => options.Device,
            (runtime, options) => new ImageRewardScorer(runtime, options, name),
            name
        );

    private static ImgAlignBuilder Hpsv3(this ImgAlignBuilder builder, Action<OptionsBuilder<Hpsv3Options>> set, string name) =>
        builder.UseScorer<Hpsv3Options, Hpsv3OptionsValidator>(
            set,
            static options => options.Device,
            (runtime, options) => new Hpsv3Scorer(runtime, options, name),
            name
        );

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
