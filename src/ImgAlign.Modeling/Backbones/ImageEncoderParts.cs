using ImgAlign.Checkpoints;
using ImgAlign.Imaging;
using ImgAlign.Networks.Clip;
using ImgAlign.Runtime;
using static TorchSharp.torch;

namespace ImgAlign.Backbones;

/// <summary>An image encoder in a folder as published, read and checked.</summary>
/// <param name="Folder">The folder, for messages.</param>
/// <param name="Config">Its sizes.</param>
/// <param name="Processor">From pictures to pixels.</param>
/// <param name="Network">From pixels to features.</param>
public sealed record ImageEncoderParts(
    string Folder,
    ClipVisionConfig Config,
    ClipImageProcessor Processor,
    ModelSource<ClipVisionModel> Network
)
{
    /// <summary>Reads a folder.</summary>
    /// <param name="name">The stage in messages.</param>
    /// <param name="path">The folder.</param>
    /// <param name="penultimateOnly">Leave out the last block and all that follows.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken.</exception>
    public static ImageEncoderParts Read(string name, string path, bool penultimateOnly = false)
    {
        var folder = ModelFolder.Resolve(path);
        var config = ClipVisionConfig.Read(Path.Combine(folder, "config.json"));
        if (config.Architectures is null && HoldsProjection(folder))
            config = config with { Architectures = ["CLIPVisionModelWithProjection"] };
        return new(
            folder,
            config,
            ClipImageProcessor.LoadOrDefault(folder, config.ImageSize),
            new(
                name,
                () => new ClipVisionModel(config, META, penultimateOnly),
                (network, weights) =>
                {
                    var part = ClipNames.FindVision(weights.Open(folder));
                    weights.Add(network, part, network.Names(part));
                }
            )
        );
    }

    private static bool HoldsProjection(string folder)
    {
        using var file = Checkpoint.Open(folder);
        return ClipNames.FindVision(file).Tensors.ContainsKey("visual_projection.weight");
    }
}
