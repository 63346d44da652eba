using ImgAlign.DependencyInjection;
using ImgAlign.ShapeWorld;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace ImgAlign.Cli.Align;

/// <summary>The configured models in a container.</summary>
internal static class ModelServices
{
    /// <summary>The name of the models that come with the tool.</summary>
    public const string ShapeWorld = "shapeworld";

    /// <summary>The section of the aligner.</summary>
    public const string AlignerSection = "Aligner";

    /// <summary>Registers what a configuration names; weights are read on first use.</summary>
    /// <param name="configuration">From <see cref="ModelConfiguration"/>.</param>
    public static ServiceProvider Build(IConfigurationSection configuration)
    {
        var services = new ServiceCollection();
        var builder = services.AddImplicitMultimodalGuidance(configuration);
        if (configuration["Pipeline:Backbone"] == ShapeWorld)
            builder.UseShapeWorld(name: ShapeWorld);
        else
            UsePublished(builder, configuration);
        builder.UseScorers(configuration);
        return services.BuildServiceProvider();
    }

    private static void UsePublished(ImgAlignBuilder builder, IConfigurationSection configuration) =>
        builder
            .UseFlux(configuration.GetSection("Flux"))
            .UseSdxl(configuration.GetSection("Sdxl"))
            .UseQwen(configuration.GetSection("Qwen"))
            .UseLlava(configuration.GetSection("Llava"))
            .UseAligner(configuration.GetSection(AlignerSection));
}
