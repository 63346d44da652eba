using ImgAlign.DependencyInjection;
using ImgAlign.ShapeWorld;
using ImgAlign.ShapeWorld.Models;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace ImgAlign.Cli.Align;

/// <summary>The configured models in a container.</summary>
internal static class ModelServices
{
    /// <summary>The name of the models that come with the tool.</summary>
    public const string ShapeWorld = "shapeworld";

    /// <summary>The section of those models.</summary>
    public const string ShapeWorldSection = "ShapeWorld";

    /// <summary>The section of the aligner.</summary>
    public const string AlignerSection = "Aligner";

    /// <summary>Registers what a configuration names; weights are read on first use.</summary>
    /// <param name="configuration">From <see cref="ModelConfiguration"/>.</param>
    public static ServiceProvider Build(IConfigurationSection configuration)
    {
        var services = new ServiceCollection();
        Add(services, configuration);
        return services.BuildServiceProvider();
    }

    /// <summary>The same in a container that has more.</summary>
    /// <inheritdoc cref="Build" path="/param"/>
    public static void Add(IServiceCollection services, IConfigurationSection configuration)
    {
        var builder = services.AddImplicitMultimodalGuidance(configuration);
        if (IsShapeWorld(configuration))
            UseShapeWorld(builder, configuration);
        else
            UsePublished(builder, configuration);
        builder.UseScorers(configuration);
    }

    /// <summary>Whether the models are those that come with the tool.</summary>
    public static bool IsShapeWorld(IConfigurationSection configuration) => configuration["Pipeline:Backbone"] == ShapeWorld;

    private static void UseShapeWorld(ImgAlignBuilder builder, IConfigurationSection configuration)
    {
        UseDetectors(builder, configuration); // one of them may judge
        var section = configuration.GetSection(ShapeWorldSection);
        builder.Services.AddOptions<ShapeWorldOptions>().BindStrictly(section);
        var options = section.Get<ShapeWorldOptions>() ?? new ShapeWorldOptions();
        var world = options.Path is { } path ? new WorldFolder(path) : WorldFolder.Embedded;
        builder.UseShapeWorld(world, ShapeWorld);
        if (options.Ablation is not { } name)
            return;
        var ablation =
            WorldAblation.All.FirstOrDefault(ablation => ablation.Name == name)
            ?? throw new ImgAlignException(
                $"There is no ablation '{name}'; there are {string.Join(", ", WorldAblation.All.Select(static known => known.Name))}."
            );
        ablation.Register(builder, world, new WorldFolder(options.AblationsPath ?? world.Root), ShapeWorld);
    }

    private static ImgAlignBuilder UseDetectors(ImgAlignBuilder builder, IConfigurationSection configuration) =>
        builder
            .UseQwen(configuration.GetSection("Qwen"))
            .UseQwen3Vl(configuration.GetSection("Qwen3Vl"))
            .UseLlava(configuration.GetSection("Llava"));

    private static void UsePublished(ImgAlignBuilder builder, IConfigurationSection configuration) =>
        UseDetectors(builder, configuration)
            .UseZImage(configuration.GetSection("ZImage"))
            .UseFlux(configuration.GetSection("Flux"))
            .UseSdxl(configuration.GetSection("Sdxl"))
            .UseAligner(configuration.GetSection(AlignerSection));
}
