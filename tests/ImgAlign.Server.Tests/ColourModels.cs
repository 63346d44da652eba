using ImgAlign.DependencyInjection;
using ImgAlign.Runtime;
using ImgAlign.Testing.Reference;
using ImgAlign.Tests;
using Microsoft.Extensions.DependencyInjection;

namespace ImgAlign.Server.Tests;

/// <summary>Models that are formulas, in a container.</summary>
internal static class ColourModels
{
    /// <summary>Adds them.</summary>
    /// <param name="services">The container.</param>
    /// <param name="beforeStep">Is called before every step of sampling, on the thread that computes: for runs that take as long as a test wants.</param>
    public static ImgAlignBuilder AddColours(this IServiceCollection services, Action? beforeStep = null) =>
        services
            .AddImplicitMultimodalGuidance()
            .UseBackbone(provider => new HookedBackbone(
                new ColourBackbone(provider.GetRequiredService<DeviceRuntime>()),
                called =>
                {
                    if (called == nameof(IDiffusionBackbone.Predict))
                        beforeStep?.Invoke();
                }
            ))
            .UseDetector(static provider => new ColourDetector(provider.GetRequiredService<DeviceRuntime>()))
            .UseAligner(static provider => new ColourAligner(provider.GetRequiredService<DeviceRuntime>()))
            .UseScorer(static provider => new ColourScorer(provider.GetRequiredService<DeviceRuntime>()));
}
