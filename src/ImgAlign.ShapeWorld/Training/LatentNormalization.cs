using static TorchSharp.torch;

namespace ImgAlign.ShapeWorld.Training;

/// <summary>
/// Gives the latents of a trained autoencoder mean 0 and deviation 1 in every channel, by the weights of the two 1x1 convolutions around
/// them: the autoencoder as a whole stays the same.
/// </summary>
internal static class LatentNormalization
{
    /// <summary>Changes the weights in place.</summary>
    /// <param name="weights">The autoencoder's, by name.</param>
    /// <param name="latents">Latents that it makes of pictures, <c>[B, C, h, w]</c>.</param>
    public static void Apply(IReadOnlyDictionary<string, Tensor> weights, Tensor latents)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var channels = latents.shape[1];
        var mean = latents.mean([0, 2, 3]);
        var deviation = latents.transpose(0, 1).flatten(1).std(1);

        // Of the encoder's outputs, means become (m - mean) / deviation, and logarithms of variances l - 2 ln deviation.
        weights["quant_conv.weight"].narrow(0, 0, channels).div_(deviation.view(-1, 1, 1, 1));
        weights["quant_conv.bias"].narrow(0, 0, channels).sub_(mean).div_(deviation);
        weights["quant_conv.bias"].narrow(0, channels, channels).sub_(deviation.log().Times(2));
        // The decoder takes z * deviation + mean.
        weights["post_quant_conv.bias"].PlusInPlace(weights["post_quant_conv.weight"].flatten(1).matmul(mean));
        weights["post_quant_conv.weight"].mul_(deviation.view(1, -1, 1, 1));
    }
}
