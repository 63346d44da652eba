using ImgAlign.DependencyInjection;
using ImgAlign.Runtime;
using Microsoft.Extensions.DependencyInjection;

namespace CustomBackbone;

/// <summary>Registers <see cref="MosaicBackbone"/> in a container.</summary>
public static class MosaicBuilderExtensions
{
    /// <summary>Registers the diffusion model of mosaics.</summary>
    /// <param name="builder">The pipelines' builder.</param>
    /// <param name="path">The file with its weights.</param>
    /// <param name="name">The name to choose it by.</param>
    public static ImgAlignBuilder UseMosaic(this ImgAlignBuilder builder, string path, string name = "mosaic") =>
        builder.UseBackbone(provider => new MosaicBackbone(provider.GetRequiredService<DeviceRuntime>(), path), name);
}
