using ImgAlign.Checkpoints;
using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Clip;

/// <summary>
/// CLIP's image encoder (transformers <c>CLIPVisionModel</c> and <c>CLIPVisionModelWithProjection</c>): normalised pixels
/// <c>[B, 3, S, S]</c> to features of the class token and all patches, <c>N = 1 + (S / patch)^2</c>.
/// </summary>
public sealed class ClipVisionModel : nn.Module<Tensor, ClipOutput>
{
    private readonly ClipVisionConfig config;
    private readonly bool penultimateOnly;

    [ComponentName(Name = "embeddings")]
    private readonly ClipVisionEmbeddings embeddings;

    [ComponentName(Name = "pre_layrnorm")]
    private readonly LayerNorm preLayerNorm;

    [ComponentName(Name = "encoder")]
    private readonly ClipEncoder encoder;

    [ComponentName(Name = "post_layernorm")]
    private readonly LayerNorm? postLayerNorm;

    [ComponentName(Name = "visual_projection")]
    private readonly CompactLinear? projection;

    /// <summary>Creates the network; its weights are uninitialised.</summary>
    /// <param name="config">The sizes.</param>
    /// <param name="device">Where its weights are; <see cref="META"/> until a checkpoint is bound.</param>
    /// <param name="penultimateOnly">Leave out the last block and all that follows: only <see cref="ClipOutput.Penultimate"/> is
    /// computed.</param>
    public ClipVisionModel(ClipVisionConfig config, Device device, bool penultimateOnly = false)
        : base(nameof(ClipVisionModel))
    {
        this.config = config;
        this.penultimateOnly = penultimateOnly;
        embeddings = new ClipVisionEmbeddings(config, device);
        preLayerNorm = nn.LayerNorm(config.HiddenSize, config.LayerNormEps, device: device);
        encoder = new ClipEncoder(config, causal: false, hasLast: !penultimateOnly, device);
        postLayerNorm = penultimateOnly ? null : nn.LayerNorm(config.HiddenSize, config.LayerNormEps, device: device);
        projection =
            penultimateOnly || !config.HasProjection
                ? null
                : new CompactLinear(config.HiddenSize, config.ProjectionDim, hasBias: false, device);
        RegisterComponents();
    }

    /// <summary>How this network's parameters are named in a published file.</summary>
    /// <param name="checkpoint">The file; names with and without <c>vision_model.</c> are recognised, and the other tower is left
    /// alone.</param>
    /// <param name="prefix">What stands in front of all names, with its dot.</param>
    public WeightMap Names(Checkpoint checkpoint, string prefix = "")
    {
        Func<string, bool> unused = penultimateOnly ? ClipNames.AfterPenultimate(config, "post_layernorm.") : static _ => false;
        return ClipNames.Map(checkpoint, prefix, "vision_model.", "visual_projection.", projection is not null, unused);
    }

    /// <inheritdoc/>
    public override ClipOutput forward(Tensor pixels)
    {
        TensorDevice.Require(this, embeddings.Device, pixels);
        using var scope = NewDisposeScope();
        var penultimate = encoder.RunToPenultimate(preLayerNorm.call(embeddings.call(pixels))); // [B, N, w]
        if (postLayerNorm is null)
            return new ClipOutput(penultimate, null, null).MoveToOuterDisposeScope();
        var last = encoder.RunLast(penultimate);
        var pooled = postLayerNorm.call(last.select(1, 0)); // [B, w], the class token
        if (projection is not null)
            pooled = projection.call(pooled);
        return new ClipOutput(penultimate, last, pooled).MoveToOuterDisposeScope();
    }
}
