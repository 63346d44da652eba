using ImgAlign.Checkpoints;
using ImgAlign.Networks.Clip;
using ImgAlign.Networks.Flux;
using ImgAlign.Runtime;
using static TorchSharp.torch;

namespace ImgAlign.Backbones;

/// <summary>
/// Encodes image prompts for FLUX as text tokens: all of SigLIP's patches through FLUX.1-Redux. "No image" is no tokens.
/// </summary>
/// <param name="runtime">The device.</param>
/// <param name="parts">What it is made of.</param>
/// <param name="storage">How the encoder keeps the weights of its linear layers.</param>
public sealed class ReduxImagePromptEncoder(DeviceRuntime runtime, ReduxParts parts, WeightStorage storage = WeightStorage.None)
    : IImagePromptEncoder,
        IDisposable
{
    private readonly ModelSlot<VisionTransformer> encoder = new(runtime, parts.Encoder, storage: storage);
    private readonly ModelSlot<ReduxProjector> projector = new(runtime, parts.Projector, storage: storage);

    /// <summary>The number of tokens that an image becomes, N.</summary>
    public int Tokens => parts.Config.Patches;

    /// <summary>The width of a token, d.</summary>
    public int Width => parts.Width;

    /// <inheritdoc/>
    public Tensor Encode(IReadOnlyList<RgbImage> images)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (images.Count == 0)
            throw new ArgumentException("There is no image to encode.", nameof(images));
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var encoderLease = encoder.Use();
        using var projectorLease = projector.Use();
        var pixels = cat([.. images.Select(parts.Processor.Preprocess)]).to(runtime.Device);
        var tokens = projectorLease.Model.call(encoderLease.Model.call(pixels)); // [B, N, d]
        FiniteNumbers.Require(tokens, "The image prompt's features", encoder, projector);
        return tokens.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public Tensor? EncodeUnconditional() => null;

    /// <summary>What it needs to encode pictures at once.</summary>
    public StageFootprint Estimate(int batch) =>
        encoder.Footprint(parts.Config.EstimateActivations(parts.Config.Tokens) * batch, projector.WeightBytes);

    /// <summary>Frees the networks.</summary>
    public void Dispose()
    {
        encoder.Dispose();
        projector.Dispose();
    }
}
