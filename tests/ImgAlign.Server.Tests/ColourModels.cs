using ImgAlign.DependencyInjection;
using ImgAlign.Runtime;
using ImgAlign.Testing.Reference;
using Microsoft.Extensions.DependencyInjection;

namespace ImgAlign.Server.Tests;

/// <summary>Models that are formulas, in a container.</summary>
internal static class ColourModels
{
    public static ImgAlignBuilder AddColours(this IServiceCollection services) =>
        services
            .AddImplicitMultimodalGuidance()
            .UseBackbone(static provider => new ColourBackbone(provider.GetRequiredService<DeviceRuntime>()))
            .UseDetector(static provider => new ColourDetector(provider.GetRequiredService<DeviceRuntime>()))
            .UseAligner(static provider => new ColourAligner(provider.GetRequiredService<DeviceRuntime>()))
            .UseScorer(static provider => new ColourScorer(provider.GetRequiredService<DeviceRuntime>()));
}
