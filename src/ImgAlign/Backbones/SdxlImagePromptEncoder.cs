using ImgAlign.Checkpoints;
using ImgAlign.Imaging;
using ImgAlign.Networks.Clip;
using ImgAlign.Networks.Sdxl;
using ImgAlign.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Backbones;

/// <summary>
/// Encodes image prompts for SDXL: hidden states of ViT-H/14 before its last block, then the Resampler (IP-Adapter Plus). "No image" is the
/// all-zero <em>normalised</em> picture, which is a mid-grey one.
/// </summary>
public sealed class SdxlImagePromptEncoder : IImagePromptEncoder, IDisposable
{
    private readonly DeviceRuntime runtime;
    private readonly ClipImageProcessor processor;
    private readonly ClipVisionConfig config;
    private readonly ModelSlot<ClipVisionModel> encoder;
    private readonly ModelSlot<Resampler> resampler;

    /// <summary>Looks at sizes; weights are read on first use.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="imageEncoderPath">The folder of the image encoder.</param>
    /// <param name="resamplerPath">The file that holds the resampler: <c>resampler.pth</c>, or an IP-Adapter file with one inside.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken, or the two do not fit each other.</exception>
    public SdxlImagePromptEncoder(DeviceRuntime runtime, string imageEncoderPath, string resamplerPath)
    {
        this.runtime = runtime;
        var folder = ModelFolder.Resolve(imageEncoderPath);
        config = ClipVisionConfig.Read(Path.Combine(folder, "config.json"));
        processor = ClipImageProcessor.LoadOrDefault(folder, config.ImageSize);

        using var file = Checkpoint.Open(resamplerPath);
        var network = Resampler.FromShapes(file);
        if (network.Config.InputWidth != config.HiddenSize)
            throw new ImgAlignException($"{resamplerPath} takes hidden states of width {network.Config.InputWidth}, but the image encoder in {folder} gives {config.HiddenSize}; take both from the same release.");
        (Tokens, Width) = (network.Tokens, (int)network.Config.OutputWidth);

        encoder = new(runtime, "SDXL image encoder", new ClipVisionModel(config, META, penultimateOnly: true), (target, type, device) =>
        {
            using var weights = Checkpoint.Open(folder);
            CheckpointBinder.Bind(target, weights, target.Names(weights), type, device);
        });
        resampler = new(runtime, "SDXL resampler", network, (target, type, device) =>
        {
            using var weights = Checkpoint.Open(resamplerPath);
            CheckpointBinder.Bind(target, weights, Resampler.Names(weights), type, device);
        });
    }

    /// <summary>The number of tokens that an image becomes, n.</summary>
    public int Tokens { get; }

    /// <summary>The width of a token, d.</summary>
    public int Width { get; }

    /// <summary>Bytes of all weights.</summary>
    internal long WeightBytes => encoder.WeightBytes + resampler.WeightBytes;

    /// <inheritdoc/>
    public Tensor Encode(IReadOnlyList<RgbImage> images)
    {
        if (images.Count == 0) throw new ArgumentException("There is no image to encode.", nameof(images));
        using var scope = NewDisposeScope();
        return Encode(cat([.. images.Select(processor.Preprocess)])).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public Tensor EncodeUnconditional()
    {
        using var scope = NewDisposeScope();
        return Encode(zeros(1, config.NumChannels, config.ImageSize, config.ImageSize)).MoveToOuterDisposeScope();
    }

    /// <summary>Frees the networks.</summary>
    public void Dispose()
    {
        encoder.Dispose();
        resampler.Dispose();
    }

    private Tensor Encode(Tensor pixels)
    {
        using var noGrad = no_grad();
        ClipOutput features;
        using (var lease = encoder.Use()) features = lease.Model.call(pixels.to(runtime.Device));
        using (var lease = resampler.Use()) return lease.Model.call(features.Penultimate);  // [B, n, d]
    }
}
