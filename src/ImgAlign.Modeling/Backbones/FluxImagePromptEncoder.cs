using ImgAlign.Checkpoints;
using ImgAlign.Networks.Clip;
using ImgAlign.Networks.Flux;
using ImgAlign.Runtime;
using static TorchSharp.torch;

namespace ImgAlign.Backbones;

/// <summary>
/// Encodes image prompts for FLUX: the projected embedding of ViT-L/14, then a linear layer and a norm (XLabs). "No image" is a black
/// picture.
/// </summary>
public sealed class FluxImagePromptEncoder : ClipImagePromptEncoder<FluxImageProjection>
{
    /// <summary>Reads sizes and compares them with the weights, which are read on first use.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="imageEncoderPath">The folder of the image encoder; a whole CLIP model serves too.</param>
    /// <param name="adapterPath"><c>ip_adapter.safetensors</c>.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken, or the two do not fit each other.</exception>
    public FluxImagePromptEncoder(DeviceRuntime runtime, string imageEncoderPath, string adapterPath)
        : this(runtime, Read(imageEncoderPath, adapterPath), WeightStorage.None) { }

    public FluxImagePromptEncoder(DeviceRuntime runtime, ImagePromptParts<FluxImageProjection> parts, WeightStorage storage)
        : base(runtime, parts, storage) { }

    /// <inheritdoc/>
    public override Tensor EncodeUnconditional() => Encode([new RgbImage(ImageSize, ImageSize, new byte[3 * ImageSize * ImageSize])]);

    /// <summary>Reads and checks all that the encoder is made of.</summary>
    public static ImagePromptParts<FluxImageProjection> Read(string imageEncoderPath, string adapterPath)
    {
        var encoder = ImageEncoderParts.Read("FLUX image encoder", imageEncoderPath);
        var config = encoder.Config;
        using var file = Checkpoint.Open(adapterPath);
        var (inputs, tokens, width) = FluxImageProjection.ReadSizes(file);
        if (!config.HasProjection || inputs != config.ProjectionDim)
            throw new ImgAlignException(
                $"{adapterPath} takes embeddings of width {inputs}, but the image encoder in {encoder.Folder} gives "
                    + $"{(config.HasProjection ? $"{config.ProjectionDim}" : "none, for it has no projection")}; take the "
                    + "encoder openai/clip-vit-large-patch14."
            );
        return new(
            encoder,
            new(
                "FLUX image projection",
                () => new FluxImageProjection(inputs, tokens, width, META),
                adapterPath,
                static (_, _) => FluxImageProjection.Weights
            ),
            tokens,
            width
        );
    }

    private protected override Tensor FeaturesOf(ClipOutput output) => output.Pooled!;
}
