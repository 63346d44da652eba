using ImgAlign.DependencyInjection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace ImgAlign.Cli.Align;

/// <summary>The configured models in a container.</summary>
internal static class ModelServices
{
    /// <summary>Registers what a configuration names; weights are read on first use.</summary>
    /// <param name="configuration">From <see cref="ModelConfiguration.Read"/>.</param>
    public static ServiceProvider Build(IConfigurationSection configuration)
    {
        var services = new ServiceCollection();
        services.AddImplicitMultimodalGuidance(configuration)
            .UseFlux(configuration.GetSection("Flux"))
            .UseSdxl(configuration.GetSection("Sdxl"))
            .UseQwen(configuration.GetSection("Qwen"))
            .UseLlava(configuration.GetSection("Llava"))
            .UseAligner(configuration.GetSection("Aligner"));
        return services.BuildServiceProvider();
    }
}
