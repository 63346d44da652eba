using ImgAlign.Alignment;
using ImgAlign.DependencyInjection;
using ImgAlign.Runtime;
using ImgAlign.ShapeWorld.Models;
using ImgAlign.ShapeWorld.Training;
using Microsoft.Extensions.DependencyInjection;

namespace ImgAlign.ShapeWorld;

/// <summary>The method with a part exchanged or left out (IMG, table 4), to be measured beside it.</summary>
public sealed class WorldAblation
{
    private readonly AlignerVariant? variant;

    private WorldAblation(AlignerVariant? variant) => this.variant = variant;

    /// <summary>All of them.</summary>
    public static IReadOnlyList<WorldAblation> All { get; } =
    [new(null), .. AlignerVariant.Ablations.Select(static variant => new WorldAblation(variant))];

    /// <summary>Its name, which is that of the stage that trains it.</summary>
    public string Name => variant?.Name ?? "unaligned";

    /// <summary>What a reader is told.</summary>
    public string Title => variant?.Title ?? "the picture's own features, unaligned";

    /// <summary>The question that its detector is asked in every case; null: one that the seed draws.</summary>
    public string? Question => variant?.Template;

    /// <summary>Registers its aligner in the place of the world's own, and its detector beside the world's own, which may still judge.
    /// </summary>
    /// <param name="builder">The pipelines' builder, with ShapeWorld registered.</param>
    /// <param name="world">The world.</param>
    /// <param name="ablations">What was trained for the ablations.</param>
    /// <param name="name">The name that ShapeWorld is registered by.</param>
    /// <exception cref="ImgAlignException">It was not trained.</exception>
    public void Register(ImgAlignBuilder builder, WorldFolder world, WorldFolder ablations, string name)
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (variant is null)
        {
            builder.UseAligner(
                provider =>
                {
                    var detector = provider.GetRequiredKeyedService<IMisalignmentDetector>(name);
                    var backbone = provider.GetRequiredKeyedService<IDiffusionBackbone>(name);
                    return new UnalignedFeatures(backbone.Runtime, detector.HiddenSize, backbone.Info.ImagePromptWidth);
                },
                name
            );
            return;
        }
        var file = variant.File(world, ablations);
        if (!File.Exists(file))
            throw new ImgAlignException($"{file} is not there; train the stage {Name}, or measure without ablations.");
        builder.Services.Configure<ImgAlignOptions>(options => options.Pipeline.Detector = Name);
        builder
            .UseDetector(provider => variant.OpenDetector(Runtime(provider), world, ablations), Name)
            .UseAligner(provider => new ImplicitAligner(Runtime(provider), file), name);
    }

    private static DeviceRuntime Runtime(IServiceProvider provider) => provider.GetRequiredService<DeviceRuntime>();
}
