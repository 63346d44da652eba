using ImgAlign.Alignment;
using ImgAlign.Backbones;
using ImgAlign.Detectors;
using ImgAlign.Runtime;
using ImgAlign.Scorers;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace ImgAlign.DependencyInjection;

/// <summary>
/// Says what pipelines are made of. Models are registered by name: the same name replaces, another one adds, and
/// <see cref="PipelineOptions"/> choose; where they do not, the last one registered is taken.
/// </summary>
public sealed class ImgAlignBuilder
{
    private readonly ModelNames names;

    internal ImgAlignBuilder(IServiceCollection services, ModelNames names)
    {
        Services = services;
        this.names = names;
    }

    /// <summary>The container's services.</summary>
    public IServiceCollection Services { get; }

    /// <summary>Registers a diffusion model.</summary>
    /// <param name="create">Makes it; the container disposes it. Its device is the provider's <see cref="DeviceRuntime"/>.</param>
    /// <param name="name">The name to choose it by.</param>
    public ImgAlignBuilder UseBackbone(Func<IServiceProvider, IDiffusionBackbone> create, string name = "default") => Use(create, name);

    /// <summary>Registers a multimodal language model.</summary>
    /// <inheritdoc cref="UseBackbone" path="/param"/>
    public ImgAlignBuilder UseDetector(Func<IServiceProvider, IMisalignmentDetector> create, string name = "default") => Use(create, name);

    /// <summary>Registers an aligner.</summary>
    /// <inheritdoc cref="UseBackbone" path="/param"/>
    public ImgAlignBuilder UseAligner(Func<IServiceProvider, IImplicitAligner> create, string name = "default") => Use(create, name);

    /// <summary>Registers SDXL, SDXL-DPO or another fine-tune of SDXL.</summary>
    /// <param name="configure">Says where its files are; checked when the host starts.</param>
    /// <param name="name">The name to choose it by.</param>
    public ImgAlignBuilder UseSdxl(Action<SdxlOptions> configure, string name = "sdxl") =>
        Sdxl(options => options.Configure(configure), name);

    /// <summary>The same, with the options bound to a section of the configuration.</summary>
    /// <param name="configuration">The section, such as <c>ImgAlign:Sdxl</c>; checked when the host starts.</param>
    /// <param name="name">The name to choose it by.</param>
    public ImgAlignBuilder UseSdxl(IConfiguration configuration, string name = "sdxl") =>
        Sdxl(options => options.BindStrictly(configuration), name);

    /// <summary>Registers FLUX.1-dev, FLUX.1-schnell or a fine-tune of them.</summary>
    /// <param name="configure">Says where its files are; checked when the host starts.</param>
    /// <param name="name">The name to choose it by.</param>
    public ImgAlignBuilder UseFlux(Action<FluxOptions> configure, string name = "flux") =>
        Flux(options => options.Configure(configure), name);

    /// <summary>The same, with the options bound to a section of the configuration.</summary>
    /// <param name="configuration">The section, such as <c>ImgAlign:Flux</c>; checked when the host starts.</param>
    /// <param name="name">The name to choose it by.</param>
    public ImgAlignBuilder UseFlux(IConfiguration configuration, string name = "flux") =>
        Flux(options => options.BindStrictly(configuration), name);

    /// <summary>Registers Z-Image, Z-Image-Turbo or a fine-tune of them, which generate and do not align.</summary>
    /// <param name="configure">Says where its files are; checked when the host starts.</param>
    /// <param name="name">The name to choose it by.</param>
    public ImgAlignBuilder UseZImage(Action<ZImageOptions> configure, string name = "zimage") =>
        ZImage(options => options.Configure(configure), name);

    /// <summary>The same, with the options bound to a section of the configuration.</summary>
    /// <param name="configuration">The section, such as <c>ImgAlign:ZImage</c>; checked when the host starts.</param>
    /// <param name="name">The name to choose it by.</param>
    public ImgAlignBuilder UseZImage(IConfiguration configuration, string name = "zimage") =>
        ZImage(options => options.BindStrictly(configuration), name);

    /// <summary>Registers LLaVA-1.5.</summary>
    /// <param name="configure">Says where its files are and how it is asked; checked when the host starts.</param>
    /// <param name="name">The name to choose it by.</param>
    public ImgAlignBuilder UseLlava(Action<LlavaOptions> configure, string name = "llava") =>
        Llava(options => options.Configure(configure), name);

    /// <summary>The same, with the options bound to a section of the configuration.</summary>
    /// <param name="configuration">The section, such as <c>ImgAlign:Llava</c>; checked when the host starts.</param>
    /// <param name="name">The name to choose it by.</param>
    public ImgAlignBuilder UseLlava(IConfiguration configuration, string name = "llava") =>
        Llava(options => options.BindStrictly(configuration), name);

    /// <summary>Registers Qwen2.5-VL.</summary>
    /// <param name="configure">Says where its files are and how it is asked; checked when the host starts.</param>
    /// <param name="name">The name to choose it by.</param>
    public ImgAlignBuilder UseQwen(Action<QwenOptions> configure, string name = "qwen") =>
        Qwen(options => options.Configure(configure), name);

    /// <summary>The same, with the options bound to a section of the configuration.</summary>
    /// <param name="configuration">The section, such as <c>ImgAlign:Qwen</c>; checked when the host starts.</param>
    /// <param name="name">The name to choose it by.</param>
    public ImgAlignBuilder UseQwen(IConfiguration configuration, string name = "qwen") =>
        Qwen(options => options.BindStrictly(configuration), name);

    /// <summary>Registers Qwen3-VL.</summary>
    /// <param name="configure">Says where its files are and how it is asked; checked when the host starts.</param>
    /// <param name="name">The name to choose it by.</param>
    public ImgAlignBuilder UseQwen3Vl(Action<Qwen3VlOptions> configure, string name = "qwen3vl") =>
        Qwen3Vl(options => options.Configure(configure), name);

    /// <summary>The same, with the options bound to a section of the configuration.</summary>
    /// <param name="configuration">The section, such as <c>ImgAlign:Qwen3Vl</c>; checked when the host starts.</param>
    /// <param name="name">The name to choose it by.</param>
    public ImgAlignBuilder UseQwen3Vl(IConfiguration configuration, string name = "qwen3vl") =>
        Qwen3Vl(options => options.BindStrictly(configuration), name);

    /// <summary>Registers an aligner's checkpoint, such as <c>aligner_sdxl.pth</c>.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">The name to choose it by.</param>
    public ImgAlignBuilder UseAligner(string path, string name = "default") => UseAligner(options => options.Path = path, name);

    /// <summary>Registers an aligner's checkpoint, such as <c>aligner_sdxl.pth</c>.</summary>
    /// <param name="configure">Says where its file is; checked when the host starts.</param>
    /// <param name="name">The name to choose it by.</param>
    public ImgAlignBuilder UseAligner(Action<AlignerOptions> configure, string name = "default") =>
        Aligner(options => options.Configure(configure), name);

    /// <summary>The same, with the options bound to a section of the configuration.</summary>
    /// <param name="configuration">The section, such as <c>ImgAlign:Aligner</c>; checked when the host starts.</param>
    /// <param name="name">The name to choose it by.</param>
    public ImgAlignBuilder UseAligner(IConfiguration configuration, string name = "default") =>
        Aligner(options => options.BindStrictly(configuration), name);

    /// <summary>
    /// Registers a scorer. In a pipeline, the first one registered decides which pictures are kept, unless
    /// <see cref="PipelineOptions.Gate"/> or <see cref="PipelineOptions.Scorers"/> say otherwise.
    /// </summary>
    /// <param name="create">Makes it; the container disposes it.</param>
    /// <param name="name">The name to choose it by.</param>
    /// <param name="backbone">The name of the only backbone whose pictures it scores; null: any.</param>
    public ImgAlignBuilder UseScorer(Func<IServiceProvider, IImageScorer> create, string name = "default", string? backbone = null)
    {
        Use(create, name);
        names.AddScorer(name, backbone);
        return this;
    }

    internal ImgAlignBuilder UseScorer<TOptions, TValidator>(
        Action<OptionsBuilder<TOptions>> set,
        Func<TOptions, string?> deviceOf,
        Func<DeviceRuntime, TOptions, IImageScorer> create,
        string name
    )
        where TOptions : class
        where TValidator : class, IValidateOptions<TOptions>
    {
        Use<IImageScorer, TOptions, TValidator>(set, deviceOf, create, name);
        names.AddScorer(name, backbone: null);
        return this;
    }

    /// <summary>Registers a scorer whose judge is a registered detector.</summary>
    internal ImgAlignBuilder UseJudgeScorer<TOptions, TValidator>(
        Action<OptionsBuilder<TOptions>> set,
        Func<IImageJudge, TOptions, IImageScorer> create,
        string name
    )
        where TOptions : JudgeOptions
        where TValidator : class, IValidateOptions<TOptions>
    {
        Use<IImageScorer, TOptions, TValidator>(set, (provider, options) => create(FindJudge(provider, options.Judge), options), name);
        names.AddScorer(name, backbone: null);
        return this;
    }

    private IImageJudge FindJudge(IServiceProvider provider, string? judge)
    {
        var pipeline = provider.GetRequiredService<IOptions<ImgAlignOptions>>().Value.Pipeline;
        var name = names.Choose<IMisalignmentDetector>(judge ?? pipeline.Detector, nameof(JudgeOptions.Judge));
        return provider.GetRequiredKeyedService<IMisalignmentDetector>(name) as IImageJudge
            ?? throw new ImgAlignException($"The detector '{name}' does not judge pictures; let Judge name another one.");
    }

    private ImgAlignBuilder Sdxl(Action<OptionsBuilder<SdxlOptions>> set, string name) =>
        Use<IDiffusionBackbone, SdxlOptions, SdxlOptionsValidator>(
            set,
            static options => options.Device,
            static (runtime, options) => new SdxlBackbone(runtime, options),
            name
        );

    private ImgAlignBuilder Flux(Action<OptionsBuilder<FluxOptions>> set, string name) =>
        Use<IDiffusionBackbone, FluxOptions, FluxOptionsValidator>(
            set,
            static options => options.Device,
            static (runtime, options) => new FluxBackbone(runtime, options),
            name
        );

    private ImgAlignBuilder ZImage(Action<OptionsBuilder<ZImageOptions>> set, string name) =>
        Use<IDiffusionBackbone, ZImageOptions, ZImageOptionsValidator>(
            set,
            static options => options.Device,
            static (runtime, options) => new ZImageBackbone(runtime, options),
            name
        );

    private ImgAlignBuilder Llava(Action<OptionsBuilder<LlavaOptions>> set, string name) =>
        Use<IMisalignmentDetector, LlavaOptions, LlavaOptionsValidator>(
            set,
            static options => options.Device,
            static (runtime, options) => new LlavaDetector(runtime, options),
            name
        );

    private ImgAlignBuilder Qwen(Action<OptionsBuilder<QwenOptions>> set, string name) =>
        Use<IMisalignmentDetector, QwenOptions, QwenOptionsValidator>(
            set,
            static options => options.Device,
            static (runtime, options) => new QwenDetector(runtime, options),
            name
        );

    private ImgAlignBuilder Qwen3Vl(Action<OptionsBuilder<Qwen3VlOptions>> set, string name) =>
        Use<IMisalignmentDetector, Qwen3VlOptions, Qwen3VlOptionsValidator>(
            set,
            static options => options.Device,
            static (runtime, options) => new Qwen3VlDetector(runtime, options),
            name
        );

    private ImgAlignBuilder Aligner(Action<OptionsBuilder<AlignerOptions>> set, string name) =>
        Use<IImplicitAligner, AlignerOptions, AlignerOptionsValidator>(
            set,
            static options => options.Device,
            static (runtime, options) => new ImplicitAligner(runtime, options.Path, options.HeadWidth, options.Tokens),
            name
        );

    private ImgAlignBuilder Use<T, TOptions, TValidator>(
        Action<OptionsBuilder<TOptions>> set,
        Func<TOptions, string?> deviceOf,
        Func<DeviceRuntime, TOptions, T> create,
        string name
    )
        where T : class
        where TOptions : class
        where TValidator : class, IValidateOptions<TOptions> =>
        Use<T, TOptions, TValidator>(
            set,
            (provider, options) => create(provider.GetRequiredService<DeviceRuntimes>().Get(deviceOf(options)), options),
            name
        );

    private ImgAlignBuilder Use<T, TOptions, TValidator>(
        Action<OptionsBuilder<TOptions>> set,
        Func<IServiceProvider, TOptions, T> create,
        string name
    )
        where T : class
        where TOptions : class
        where TValidator : class, IValidateOptions<TOptions>
    {
        Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<TOptions>, TValidator>());
        set(Services.AddOptions<TOptions>(name).ValidateOnStart());
        return Use(
            provider =>
            {
                return create(provider, provider.GetRequiredService<IOptionsMonitor<TOptions>>().Get(name));
            },
            name
        );
    }

    private ImgAlignBuilder Use<T>(Func<IServiceProvider, T> create, string name)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(create);
        names.Add<T>(name);
        Services.RemoveAllKeyed<T>(name);
        Services.AddKeyedSingleton(name, (provider, _) => create(provider));
        return this;
    }
}
