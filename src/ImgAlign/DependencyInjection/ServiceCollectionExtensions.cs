using ImgAlign.Runtime;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ImgAlign.DependencyInjection;

/// <summary>Adds ImgAlign to a container.</summary>
public static class ServiceCollectionExtensions
{
    /// <summary>
    /// Adds the <see cref="AlignmentPipeline"/>, and by the names in <see cref="ImgAlignOptions.Pipelines"/> further ones. Which models it is
    /// made of, the builder is told. All are singletons that the container owns; weights are loaded on first use.
    /// </summary>
    /// <param name="services">The container's services.</param>
    /// <param name="configure">Sets the options, which are checked when the host starts.</param>
    public static ImgAlignBuilder AddImplicitMultimodalGuidance(this IServiceCollection services, Action<ImgAlignOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        var options = services.AddOptions<ImgAlignOptions>().ValidateOnStart();
        if (configure is not null) options.Configure(configure);
        if (services.FirstOrDefault(service => service.ServiceType == typeof(ModelNames))?.ImplementationInstance is not ModelNames names)
            services.AddSingleton(names = new ModelNames());
        services.TryAddEnumerable(
        [
            ServiceDescriptor.Singleton<IValidateOptions<ImgAlignOptions>, ImgAlignOptionsValidator>(),
            ServiceDescriptor.Singleton<IValidateOptions<ImgAlignOptions>, PipelineNamesValidator>(),
        ]);
        services.TryAddSingleton(static provider => new DeviceRuntime(OptionsOf(provider)));
        services.TryAddSingleton(static provider => CreatePipeline(provider, OptionsOf(provider).Pipeline));
        services.TryAddKeyedSingleton(KeyedService.AnyKey, static (provider, key) => CreatePipeline(provider, OptionsOf(provider, key)));
        return new ImgAlignBuilder(services, names);
    }

    /// <summary>
    /// The same, with the options bound to a section of the configuration. An unknown key in it is an error when the host starts, unless options of
    /// models are bound to it (<c>UseSdxl(section.GetSection("Sdxl"))</c>, or <see cref="StrictConfiguration.BindStrictly"/>).
    /// </summary>
    /// <param name="services">The container's services.</param>
    /// <param name="configuration">The section, such as <c>configuration.GetSection("ImgAlign")</c>.</param>
    public static ImgAlignBuilder AddImplicitMultimodalGuidance(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        services.AddOptions<ImgAlignOptions>().BindStrictly(configuration);
        return services.AddImplicitMultimodalGuidance();
    }

    private static AlignmentPipeline CreatePipeline(IServiceProvider provider, PipelineOptions choice)
    {
        var names = provider.GetRequiredService<ModelNames>();
        return new AlignmentPipeline(
            provider.GetRequiredService<DeviceRuntime>(),
            provider.GetRequiredKeyedService<IDiffusionBackbone>(names.Choose<IDiffusionBackbone>(choice.Backbone, "Backbone")),
            provider.GetRequiredKeyedService<IMisalignmentDetector>(names.Choose<IMisalignmentDetector>(choice.Detector, "Detector")),
            provider.GetRequiredKeyedService<IImplicitAligner>(names.Choose<IImplicitAligner>(choice.Aligner, "Aligner")))
        {
            Scorers = [.. provider.GetServices<IImageScorer>()],
            Logger = provider.GetService<ILoggerFactory>()?.CreateLogger<AlignmentPipeline>(),
            RecordPrompts = OptionsOf(provider).RecordPrompts,
        };
    }

    private static ImgAlignOptions OptionsOf(IServiceProvider provider) => provider.GetRequiredService<IOptions<ImgAlignOptions>>().Value;

    private static PipelineOptions OptionsOf(IServiceProvider provider, object? key)
    {
        var pipelines = OptionsOf(provider).Pipelines;
        return key is string name && pipelines.TryGetValue(name, out var choice) ? choice
            : throw new ImgAlignException($"There is no pipeline '{key}'; {(pipelines.Count == 0 ? "ImgAlignOptions.Pipelines names none" : $"ImgAlignOptions.Pipelines names {string.Join(", ", pipelines.Keys)}")}.");
    }
}
