using ImgAlign.Alignment;
using ImgAlign.DependencyInjection;
using ImgAlign.Detectors;
using ImgAlign.Runtime;
using ImgAlign.ShapeWorld.Language;
using ImgAlign.ShapeWorld.Models;
using Microsoft.Extensions.DependencyInjection;

namespace ImgAlign.ShapeWorld;

/// <summary>Registers ShapeWorld in a container.</summary>
public static class ShapeWorldBuilderExtensions
{
    /// <summary>
    /// Registers all models of ShapeWorld: diffusion model, detector, aligner, the scorer, so that an aligned picture is kept only
    /// where the scorer prefers it, and what mends prompts. Its networks are small: they run faster on one thread of the CPU (<see cref="RuntimeOptions.Threads"/>)
    /// than on more.
    /// </summary>
    /// <param name="builder">The pipelines' builder.</param>
    /// <param name="folder">A trained world; null: the one that comes with this package.</param>
    /// <param name="name">The name to choose its models by.</param>
    public static ImgAlignBuilder UseShapeWorld(this ImgAlignBuilder builder, WorldFolder? folder = null, string name = "shapeworld")
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddKeyedSingleton<IPromptRewriter, WorldRewriter>(name);
        return builder
            .UseBackbone(provider => new WorldBackbone(Runtime(provider), Folder()), name)
            .UseDetector(provider => new LlavaDetector(Runtime(provider), Folder().DetectorOptions()), name)
            .UseAligner(provider => new ImplicitAligner(Runtime(provider), Folder().Aligner), name)
            .UseScorer(provider => new WorldScorer(Runtime(provider), Folder()), name, backbone: name);

        WorldFolder Folder() => folder ?? WorldFolder.Embedded;
    }

    private static DeviceRuntime Runtime(IServiceProvider provider) => provider.GetRequiredService<DeviceRuntime>();
}
