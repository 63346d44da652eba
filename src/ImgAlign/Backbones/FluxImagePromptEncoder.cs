using ImgAlign.Checkpoints;
using ImgAlign.Imaging;
using ImgAlign.Networks.Clip;
using ImgAlign.Networks.Flux;
using ImgAlign.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Backbones;

/// <summary>
/// Encodes image prompts for FLUX: the projected embedding of ViT-L/14, then a linear layer and a norm (XLabs). "No image" is a black picture.
/// </summary>
public sealed class FluxImagePromptEncoder : IImagePromptEncoder, IDisposable
{
    private readonly DeviceRuntime runtime;
    private readonly ClipImageProcessor processor;
    private readonly RgbImage black;
    private readonly ModelSlot<ClipVisionModel> encoder;
    private readonly ModelSlot<FluxImageProjection> projection;

    /// <summary>Looks at sizes; weights are read on first use.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="imageEncoderPath">The folder of the image encoder; a whole CLIP model serves too.</param>
    /// <param name="adapterPath"><c>ip_adapter.safetensors</c>.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken, or the two do not fit each other.</exception>
    public FluxImagePromptEncoder(DeviceRuntime runtime, string imageEncoderPath, string adapterPath)
    {
        this.runtime = runtime;
        var folder = ModelFolder.Resolve(imageEncoderPath);
        var config = ClipVisionConfig.Read(Path.Combine(folder, "config.json"));
        processor = ClipImageProcessor.LoadOrDefault(folder, config.ImageSize);
        black = new RgbImage(config.ImageSize, config.ImageSize, new byte[3 * config.ImageSize * config.ImageSize]);

        using var file = Checkpoint.Open(adapterPath);
        var network = FluxImageProjection.FromShapes(file);
        if (!config.HasProjection || network.InputWidth != config.ProjectionDim)
            throw new ImgAlignException($"{adapterPath} takes embeddings of width {network.InputWidth}, but the image encoder in {folder} gives {(config.HasProjection ? $"{config.ProjectionDim}" : "none, for it has no projection")}; take the encoder openai/clip-vit-large-patch14.");
        (Tokens, Width) = (network.Tokens, network.Width);

        encoder = new(runtime, "FLUX image encoder", new ClipVisionModel(config, META), (target, type, device) =>
        {
            using var weights = Checkpoint.Open(folder);
            CheckpointBinder.Bind(target, weights, target.Names(weights), type, device);
        });
        projection = new(runtime, "FLUX image projection", network, (target, type, device) =>
        {
            using var weights = Checkpoint.Open(adapterPath);
            CheckpointBinder.Bind(target, weights, FluxImageProjection.Weights, type, device);
        });
    }

    /// <summary>The number of tokens that an image becomes, n.</summary>
    public int Tokens { get; }

    /// <summary>The width of a token, d.</summary>
    public int Width { get; }

    /// <summary>Bytes of all weights.</summary>
    internal long WeightBytes => encoder.WeightBytes + projection.WeightBytes;

    /// <inheritdoc/>
    public Tensor Encode(IReadOnlyList<RgbImage> images)
    {
        if (images.Count == 0) throw new ArgumentException("There is no image to encode.", nameof(images));
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var encoderLease = encoder.Use();
        var features = encoderLease.Model.call(cat([.. images.Select(processor.Preprocess)]).to(runtime.Device));
        using var projectionLease = projection.Use();
        return projectionLease.Model.call(features.Pooled!).MoveToOuterDisposeScope();  // [B, n, d]
    }

    /// <inheritdoc/>
    public Tensor EncodeUnconditional() => Encode([black]);

    /// <summary>Frees the networks.</summary>
    public void Dispose()
    {
        encoder.Dispose();
        projection.Dispose();
    }
}
