using ImgAlign;
using ImgAlign.DependencyInjection;
using ImgAlign.Runtime;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds ImgAlign to a container.</summary>
public static class ImgAlignServiceCollectionExtensions
{
    /// <summary>
    /// Adds <see cref="IAlignmentPipeline"/> and <see cref="IGenerationPipeline"/>, and further ones by the names in
    /// <see cref="ImgAlignOptions.Pipelines"/> as keys. The builder that is returned says which models there are. All are singletons that
    /// the container owns; weights are loaded on first use.
    /// </summary>
    /// <param name="services">The container's services.</param>
    /// <param name="configure">Sets the options, which are checked when the host starts.</param>
    public static ImgAlignBuilder AddImplicitMultimodalGuidance(this IServiceCollection services, Action<ImgAlignOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        var options = services.AddOptions<ImgAlignOptions>().ValidateOnStart();
        if (configure is not null)
            options.Configure(configure);
        if (
            services.FirstOrDefault(static service => service.ServiceType == typeof(ModelNames))?.ImplementationInstance
            is not ModelNames names
        )
            services.AddSingleton(names = new ModelNames());
        services.TryAddEnumerable([
            ServiceDescriptor.Singleton<IValidateOptions<ImgAlignOptions>, ImgAlignOptionsValidator>(),
            ServiceDescriptor.Singleton<IValidateOptions<ImgAlignOptions>, PipelineNamesValidator>(),
        ]);
        services.TryAddSingleton<DeviceRuntimes>();
        services.TryAddSingleton(static provider => provider.GetRequiredService<DeviceRuntimes>().Get(null));
        services.TryAddKeyedSingleton(
            KeyedService.AnyKey,
            static (provider, key) => provider.GetRequiredService<DeviceRuntimes>().Get(key as string)
        );
        services.TryAddSingleton(static provider => new PipelineFactory(provider).Alignment(null));
        services.TryAddSingleton(static provider => new PipelineFactory(provider).Generation(null));
        services.TryAddKeyedSingleton(KeyedService.AnyKey, static (provider, key) => new PipelineFactory(provider).Alignment(key));
        services.TryAddKeyedSingleton(KeyedService.AnyKey, static (provider, key) => new PipelineFactory(provider).Generation(key));
        return new ImgAlignBuilder(services, names);
    }

    /// <summary>
    /// The same, with the options bound to a section of the configuration. An unknown key in it is an error when the host starts, unless
    /// options of models are bound to it (<c>UseSdxl(section.GetSection("Sdxl"))</c>, or <see cref="StrictConfiguration.BindStrictly"/>).
    /// </summary>
    /// <param name="services">The container's services.</param>
    /// <param name="configuration">The section, such as <c>configuration.GetSection("ImgAlign")</c>.</param>
    public static ImgAlignBuilder AddImplicitMultimodalGuidance(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        services.AddOptions<ImgAlignOptions>().BindStrictly(configuration);
        return services.AddImplicitMultimodalGuidance();
    }
}
