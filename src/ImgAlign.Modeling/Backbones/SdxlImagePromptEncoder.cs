using ImgAlign.Checkpoints;
using ImgAlign.Networks.Clip;
using ImgAlign.Networks.Sdxl;
using ImgAlign.Runtime;
using static TorchSharp.torch;

namespace ImgAlign.Backbones;

/// <summary>
/// Encodes image prompts for SDXL: hidden states of ViT-H/14 before its last block, then the Resampler (IP-Adapter Plus). "No image" is the
/// all-zero <em>normalised</em> picture, which is a mid-grey one.
/// </summary>
public sealed class SdxlImagePromptEncoder : ClipImagePromptEncoder<Resampler>
{
    /// <summary>Reads sizes and compares them with the weights, which are read on first use.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="imageEncoderPath">The folder of the image encoder.</param>
    /// <param name="resamplerPath">The file that holds the resampler: <c>resampler.pth</c>, or an IP-Adapter file with one inside.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken, or the two do not fit each other.</exception>
    public SdxlImagePromptEncoder(DeviceRuntime runtime, string imageEncoderPath, string resamplerPath)
        : this(runtime, Read(imageEncoderPath, resamplerPath), WeightStorage.None) { }

    public SdxlImagePromptEncoder(DeviceRuntime runtime, ImagePromptParts<Resampler> parts, WeightStorage storage)
        : base(runtime, parts, storage) { }

    /// <inheritdoc/>
    public override Tensor EncodeUnconditional()
    {
        using var pixels = zeros(1, 3, ImageSize, ImageSize);
        return EncodePixels(pixels);
    }

    /// <summary>Reads and checks all that the encoder is made of.</summary>
    public static ImagePromptParts<Resampler> Read(string imageEncoderPath, string resamplerPath)
    {
        var encoder = ImageEncoderParts.Read("SDXL image encoder", imageEncoderPath, penultimateOnly: true);
        using var file = Checkpoint.Open(resamplerPath);
        ImagePromptAdapter.RequirePlus(file);
        var (config, tokens) = Resampler.ReadSizes(file);
        if (config.InputWidth != encoder.Config.HiddenSize)
            throw new ImgAlignException(
                $"{resamplerPath} takes hidden states of width {config.InputWidth}, but the image encoder in {encoder.Folder} "
                    + $"gives {encoder.Config.HiddenSize}; take both from the same release."
            );
        return new(
            encoder,
            new(
                "SDXL resampler",
                () => new Resampler(config, tokens, META),
                resamplerPath,
                static (_, weights) => Resampler.Names(weights)
            ),
            tokens,
            (int)config.OutputWidth
        );
    }

    private protected override Tensor FeaturesOf(ClipOutput output) => output.Penultimate;
}
