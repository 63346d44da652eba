using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Clip;

/// <summary>
/// A vision tower of CLIP's blocks without a norm before them, of which every token goes on: BLIP's and SigLIP's. Normalised pixels
/// <c>[B, 3, S, S]</c> to <c>[B, N, w]</c> after the last norm.
/// </summary>
public sealed class VisionTransformer : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "embeddings")]
    private readonly ClipVisionEmbeddings embeddings;

    [ComponentName(Name = "encoder")]
    private readonly ClipEncoder encoder;

    [ComponentName(Name = "post_layernorm")]
    private readonly LayerNorm postLayerNorm;

    /// <summary>Creates the network; its weights are uninitialised.</summary>
    /// <param name="config">The sizes.</param>
    /// <param name="device">Where its weights are; <see cref="META"/> until a checkpoint is bound.</param>
    public VisionTransformer(ClipVisionConfig config, Device device)
        : base(nameof(VisionTransformer))
    {
        embeddings = new ClipVisionEmbeddings(config, device);
        encoder = new ClipEncoder(config, causal: false, hasLast: true, device);
        postLayerNorm = nn.LayerNorm(config.HiddenSize, config.LayerNormEps, device: device);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor pixels)
    {
        TensorDevice.Require(this, embeddings.Device, pixels);
        using var scope = NewDisposeScope();
        return postLayerNorm.call(encoder.Run(embeddings.call(pixels))).MoveToOuterDisposeScope();
    }
}
