using ImgAlign.DependencyInjection;
using ImgAlign.Runtime;
using ImgAlign.ShapeWorld;
using ImgAlign.ShapeWorld.Models;
using Microsoft.Extensions.DependencyInjection;

namespace ImgAlign.Tests.ShapeWorld;

/// <summary>The world that comes with the package, in a container of its own.</summary>
internal sealed class EmbeddedWorld : IDisposable
{
    private readonly ServiceProvider services;

    public EmbeddedWorld(Action<ImgAlignOptions>? configure = null)
    {
        var collection = new ServiceCollection();
        collection
            .AddImplicitMultimodalGuidance(options =>
            {
                options.Threads = 1; // the networks are too small for more
                configure?.Invoke(options);
            })
            .UseShapeWorld();
        services = collection.BuildServiceProvider();
    }

    public static WorldFolder Folder => WorldFolder.Embedded;

    public static AlignmentRequest Request { get; } = new(new AlignmentItem("a red circle left of a blue square") { Seed = 3 });

    public IAlignmentPipeline Pipeline => services.GetRequiredService<IAlignmentPipeline>();

    public IGenerationPipeline Generation => services.GetRequiredService<IGenerationPipeline>();

    public DeviceRuntime Runtime => services.GetRequiredService<DeviceRuntime>();

    public IDiffusionBackbone Backbone => services.GetRequiredKeyedService<IDiffusionBackbone>("shapeworld");

    public IImageScorer Scorer => services.GetRequiredKeyedService<IImageScorer>("shapeworld");

    public void Dispose() => services.Dispose();
}
