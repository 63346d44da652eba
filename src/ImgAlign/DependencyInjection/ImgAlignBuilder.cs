using ImgAlign.Alignment;
using ImgAlign.Backbones;
using ImgAlign.Detectors;
using ImgAlign.Runtime;
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
        Configure(configure, name).UseBackbone(provider => new SdxlBackbone(RuntimeOf(provider), OptionsOf<SdxlOptions>(provider, name)), name);

    /// <summary>Registers FLUX.1-dev or a fine-tune of it.</summary>
    /// <param name="configure">Says where its files are; checked when the host starts.</param>
    /// <param name="name">The name to choose it by.</param>
    public ImgAlignBuilder UseFlux(Action<FluxOptions> configure, string name = "flux") =>
        Configure(configure, name).UseBackbone(provider => new FluxBackbone(RuntimeOf(provider), OptionsOf<FluxOptions>(provider, name)), name);

    /// <summary>Registers LLaVA-1.5.</summary>
    /// <param name="configure">Says where its files are and how it is asked; checked when the host starts.</param>
    /// <param name="name">The name to choose it by.</param>
    public ImgAlignBuilder UseLlava(Action<LlavaOptions> configure, string name = "llava") =>
        Configure(configure, name).UseDetector(provider => new LlavaDetector(RuntimeOf(provider), OptionsOf<LlavaOptions>(provider, name)), name);

    /// <summary>Registers an aligner's checkpoint, such as <c>aligner_sdxl.pth</c>.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">The name to choose it by.</param>
    public ImgAlignBuilder UseAligner(string path, string name = "default") => UseAligner(options => options.Path = path, name);

    /// <summary>Registers an aligner's checkpoint, such as <c>aligner_sdxl.pth</c>.</summary>
    /// <param name="configure">Says where its file is; checked when the host starts.</param>
    /// <param name="name">The name to choose it by.</param>
    public ImgAlignBuilder UseAligner(Action<AlignerOptions> configure, string name = "default") =>
        Configure(configure, name).UseAligner(provider =>
        {
            var options = OptionsOf<AlignerOptions>(provider, name);
            return new ImplicitAligner(RuntimeOf(provider), options.Path, options.HeadWidth);
        }, name);

    /// <summary>Adds a scorer; the first one added decides which pictures are kept.</summary>
    /// <typeparam name="T">The scorer, which the container makes and disposes.</typeparam>
    public ImgAlignBuilder AddScorer<T>() where T : class, IImageScorer
    {
        Services.AddSingleton<IImageScorer, T>();
        return this;
    }

    /// <summary>Adds a scorer; the first one added decides which pictures are kept.</summary>
    /// <param name="create">Makes it; the container disposes it.</param>
    public ImgAlignBuilder AddScorer(Func<IServiceProvider, IImageScorer> create)
    {
        Services.AddSingleton(create);
        return this;
    }

    private ImgAlignBuilder Configure<T>(Action<T> configure, string name) where T : class
    {
        Services.AddOptions<T>(name).Configure(configure).ValidateDataAnnotations().ValidateOnStart();
        return this;
    }

    private ImgAlignBuilder Use<T>(Func<IServiceProvider, T> create, string name) where T : class
    {
        ArgumentNullException.ThrowIfNull(create);
        names.Add<T>(name);
        Services.RemoveAllKeyed<T>(name);
        Services.AddKeyedSingleton(name, (provider, _) => create(provider));
        return this;
    }

    private static DeviceRuntime RuntimeOf(IServiceProvider provider) => provider.GetRequiredService<DeviceRuntime>();

    private static T OptionsOf<T>(IServiceProvider provider, string name) => provider.GetRequiredService<IOptionsMonitor<T>>().Get(name);
}
