using ImgAlign;
using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static ImgAlign.TensorMath;
using static TorchSharp.torch;

namespace CustomBackbone;

/// <summary>
/// Predicts the noise in a mosaic of coloured tiles <c>[B, 3, h, w]</c>. Layers are the library's, but for the norm, which is TorchSharp's:
/// both are given their weights alike.
/// </summary>
public sealed class MosaicNetwork : nn.Module<Tensor, Tensor, Tensor, Tensor>
{
    private const int TimeWidth = 16;

    [ComponentName(Name = "conv_in")]
    private readonly Convolution2d convIn;

    [ComponentName(Name = "time_proj")]
    private readonly SinusoidalEmbedding timeProjection = new(TimeWidth, cosineFirst: true, frequencyShift: 0);

    [ComponentName(Name = "time_embedding")]
    private readonly TimestepEmbedding timeEmbedding;

    [ComponentName(Name = "text")]
    private readonly CompactLinear text;

    [ComponentName(Name = "image")]
    private readonly CompactLinear image;

    [ComponentName(Name = "norm")]
    private readonly GroupNorm norm;

    [ComponentName(Name = "conv_out")]
    private readonly Convolution2d convOut;

    /// <summary>Creates the network; its weights are uninitialised.</summary>
    /// <param name="width">The number of channels inside.</param>
    /// <param name="device">Where its weights are; the meta device until a checkpoint is bound.</param>
    public MosaicNetwork(int width, Device device)
        : base(nameof(MosaicNetwork))
    {
        convIn = new Convolution2d(3, width, kernelSize: 3, device, padding: 1);
        timeEmbedding = new TimestepEmbedding(TimeWidth, width, device);
        text = new(width, width, hasBias: true, device);
        image = new(MosaicImagePrompt.Tokens * MosaicImagePrompt.Width, width, hasBias: false, device);
        norm = nn.GroupNorm(4, width, device: device);
        convOut = new Convolution2d(width, 3, kernelSize: 3, device, padding: 1);
        RegisterComponents();
    }

    /// <summary>What all steps of a generation share: the prompts, and the image prompts times their scale, as channels <c>[B,
    /// w]</c>.</summary>
    /// <param name="pooledText">Text features, <c>[B, w]</c>.</param>
    /// <param name="imageTokens">Image-prompt features, <c>[B, n, d]</c>, or null for none.</param>
    /// <param name="scale">The weight of the image prompt.</param>
    public Tensor Prepare(Tensor pooledText, Tensor? imageTokens, double scale)
    {
        using var scope = NewDisposeScope();
        var channels = text.call(pooledText);
        if (imageTokens is not null && scale != 0)
            channels = Plus(channels, Times(image.call(imageTokens.flatten(1)), scale));
        return channels.MoveToOuterDisposeScope();
    }

    /// <summary>Predicts the noise.</summary>
    /// <param name="sample">The mosaic, scaled for its noise level, <c>[B, 3, h, w]</c>.</param>
    /// <param name="timestep">The timestep, <c>[1]</c>.</param>
    /// <param name="prompts">Made by <see cref="Prepare"/>, <c>[B, w]</c>.</param>
    /// <returns><c>[B, 3, h, w]</c>.</returns>
    public override Tensor forward(Tensor sample, Tensor timestep, Tensor prompts)
    {
        using var scope = NewDisposeScope();
        var time = timeEmbedding.call(timeProjection.call(timestep).to(sample.dtype)); // [1, w]
        var channels = Plus(prompts, time).unsqueeze(-1).unsqueeze(-1); // [B, w, 1, 1]
        return convOut.call(nn.functional.silu(norm.call(Plus(convIn.call(sample), channels)))).MoveToOuterDisposeScope();
    }
}
