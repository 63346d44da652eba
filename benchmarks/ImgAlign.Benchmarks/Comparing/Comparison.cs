using TorchSharp;

namespace ImgAlign.Benchmarks.Comparing;

/// <summary>A network of ours and the reference graph that computes the same.</summary>
/// <param name="Name">The graph's file name without its ending.</param>
internal abstract record Comparison(string Name)
{
    /// <summary>Every comparison there is.</summary>
    public static IReadOnlyList<Comparison> All { get; } =
    [
        new SdxlUNetComparison("sdxl-unet-256"),
        new SdxlUNetComparison("sdxl-unet-512"),
        new SdxlUNetComparison("sdxl-unet-1024"),
        new SdxlUNetComparison("sdxl-unet-ip-512"),
        new VaeDecodeComparison(),
        new ClipVisionComparison(),
        new LlamaComparison(),
        new FluxComparison(),
    ];

    /// <summary>Builds our network on the weights that the graph has too.</summary>
    /// <param name="weights">Named as in the graph.</param>
    /// <param name="inputs">Named as in the graph; borrowed.</param>
    public abstract IContender Create(SharedWeights weights, IReadOnlyDictionary<string, torch.Tensor> inputs);

    public sealed override string ToString() => Name;
}
