using ImgAlign.Checkpoints;
using ImgAlign.Imaging;
using ImgAlign.Networks.Clip;
using ImgAlign.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Backbones;

/// <summary>Encodes image prompts by CLIP's image encoder and a projection of its features to tokens: what IP-Adapter's encoders have in
/// common.</summary>
/// <typeparam name="TProjection">The projection.</typeparam>
public abstract class ClipImagePromptEncoder<TProjection> : IImagePromptEncoder, IDisposable
    where TProjection : nn.Module<Tensor, Tensor>
{
    private readonly DeviceRuntime runtime;
    private readonly ClipImageProcessor processor;
    private readonly ModelSlot<ClipVisionModel> encoder;
    private readonly ModelSlot<TProjection> projection;

    private protected ClipImagePromptEncoder(DeviceRuntime runtime, ImagePromptParts<TProjection> parts, WeightStorage storage)
    {
        (this.runtime, processor, Tokens, Width) = (runtime, parts.Encoder.Processor, parts.Tokens, parts.Width);
        ImageSize = parts.Encoder.Config.ImageSize;
        encoder = new(runtime, parts.Encoder.Network, storage: storage);
        projection = new(runtime, parts.Projection);
    }

    /// <summary>The number of tokens that an image becomes, n.</summary>
    public int Tokens { get; }

    /// <summary>The width of a token, d.</summary>
    public int Width { get; }

    /// <summary>Bytes of all weights.</summary>
    public long WeightBytes => encoder.WeightBytes + projection.WeightBytes;

    /// <summary>Width and height of the picture that the encoder takes.</summary>
    private protected int ImageSize { get; }

    /// <inheritdoc/>
    public Tensor Encode(IReadOnlyList<RgbImage> images)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (images.Count == 0)
            throw new ArgumentException("There is no image to encode.", nameof(images));
        using var scope = NewDisposeScope();
        return EncodePixels(cat([.. images.Select(processor.Preprocess)])).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public abstract Tensor EncodeUnconditional();

    /// <summary>Frees the networks.</summary>
    public void Dispose()
    {
        encoder.Dispose();
        projection.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Which of the encoder's outputs the projection takes.</summary>
    private protected abstract Tensor FeaturesOf(ClipOutput output);

    /// <summary>Encodes normalised pixels <c>[B, 3, S, S]</c> to <c>[B, n, d]</c>.</summary>
    private protected Tensor EncodePixels(Tensor pixels)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var encoderLease = encoder.Use();
        using var projectionLease = projection.Use();
        var tokens = projectionLease.Model.call(FeaturesOf(encoderLease.Model.call(pixels.to(runtime.Device))));
        FiniteNumbers.Require(tokens, "The image prompt's features", encoder, projection);
        return tokens.MoveToOuterDisposeScope();
    }
}
