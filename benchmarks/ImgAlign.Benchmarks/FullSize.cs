using ImgAlign.Networks.Flux;

namespace ImgAlign.Benchmarks;

/// <summary>Published sizes of networks whose configuration files are not at hand.</summary>
internal static class FullSize
{
    /// <summary>FLUX.1-dev's transformer at full width, with fewer blocks than its 19 double and 38 single ones.</summary>
    public static FluxConfig FluxOf(int doubleBlocks, int singleBlocks) =>
        new()
        {
            NumLayers = doubleBlocks,
            NumSingleLayers = singleBlocks,
            GuidanceEmbeds = true,
        };
}
