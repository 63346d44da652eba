using ImgAlign.Checkpoints;
using ImgAlign.Imaging;
using ImgAlign.Networks.Clip;
using ImgAlign.Networks.Flux;
using ImgAlign.Networks.Siglip;
using ImgAlign.Runtime;
using static TorchSharp.torch;

namespace ImgAlign.Backbones;

/// <summary>What FLUX.1-Redux is made of, read and checked.</summary>
/// <param name="Config">SigLIP's sizes.</param>
/// <param name="Processor">From pictures to pixels: whatever their shape, without a crop.</param>
/// <param name="Encoder">From pixels to features of all patches.</param>
/// <param name="Projector">From features to text tokens.</param>
/// <param name="Width">The width of a text token, d.</param>
public sealed record ReduxParts(
    ClipVisionConfig Config,
    ClipImageProcessor Processor,
    ModelSource<VisionTransformer> Encoder,
    ModelSource<ReduxProjector> Projector,
    int Width
)
{
    /// <summary>Reads how pictures are processed.</summary>
    /// <param name="folder">The folder with <c>preprocessor_config.json</c>.</param>
    public static ClipImageProcessor LoadProcessor(string folder) => ClipImageProcessor.Load(folder) with { DoCenterCrop = false };

    /// <summary>How SigLIP's published models process pictures.</summary>
    /// <param name="side">The side of the square that the encoder reads, in pixels.</param>
    public static ClipImageProcessor ProcessorOf(int side) =>
        new()
        {
            FixedSize = new ImageSize(side, side),
            DoCenterCrop = false,
            Mean = [0.5, 0.5, 0.5],
            StandardDeviation = [0.5, 0.5, 0.5],
        };

    /// <summary>Reads the sizes and compares them with the weights.</summary>
    /// <param name="path">The folder of <c>FLUX.1-Redux-dev</c> in diffusers' layout, or <c>flux1-redux-dev.safetensors</c>.</param>
    /// <param name="encoderPath">SigLIP's folder; null: the one in <paramref name="path"/>.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken, or two do not fit each other.</exception>
    public static ReduxParts Read(string path, string? encoderPath)
    {
        path = HubName.Locate(path);
        var folder = Directory.Exists(path) ? ModelFolder.Resolve(path) : null;
        if (folder is null && encoderPath is null)
            throw new ImgAlignException(
                $"{path} is Redux alone; let {nameof(FluxOptions.ImageEncoderPath)} (--image-encoder) name SigLIP's folder, "
                    + "google/siglip-so400m-patch14-384."
            );
        var siglip = encoderPath is null ? Path.Combine(folder!, "image_encoder") : ModelFolder.Resolve(encoderPath);
        var config = SiglipVisionConfig.Read(Path.Combine(siglip, "config.json"));
        var preprocessor = encoderPath is null ? Path.Combine(folder!, "feature_extractor") : siglip;
        var projector = folder is null ? path : Path.Combine(folder, "image_embedder");
        using var file = Checkpoint.Open(projector);
        var (inputs, outputs) = ReduxProjector.ReadSizes(ReduxProjector.Find(file));
        if (inputs != config.HiddenSize)
            throw new ImgAlignException(
                $"{projector} takes features of width {inputs}, but the image encoder in {siglip} gives {config.HiddenSize}; take "
                    + "google/siglip-so400m-patch14-384."
            );
        return new(
            config,
            LoadProcessor(preprocessor),
            new(
                "FLUX Redux image encoder",
                () => new VisionTransformer(config, META),
                (network, weights) => weights.Add(network, SiglipNames.Find(weights.Open(siglip)), SiglipNames.Encoder)
            ),
            new(
                "FLUX Redux projector",
                () => new ReduxProjector(inputs, outputs, META),
                (network, weights) => weights.Add(network, ReduxProjector.Find(weights.Open(projector)), WeightMap.Identity)
            ),
            outputs
        );
    }
}
