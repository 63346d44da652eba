using static TorchSharp.torch;

namespace ImgAlign.Backbones;

/// <summary>Prompts that consist of text and pictures, as diffusers' <c>FluxPriorReduxPipeline</c> puts them together.</summary>
public static class ReduxPrompt
{
    /// <summary>The tokens of pictures behind those of a text.</summary>
    /// <param name="text"><c>[B, L, d]</c>.</param>
    /// <param name="pictures"><c>[B, N, d]</c>.</param>
    /// <returns><c>[B, L + N, d]</c>; the caller's.</returns>
    public static Tensor Join(Tensor text, Tensor pictures) => cat([text, pictures.to(text.dtype)], 1);

    /// <summary>
    /// Several pictures as one prompt: their rows are added and not joined, and a scale weighs a picture's text, too.
    /// </summary>
    /// <param name="tokens">The rows of each picture's text and of the picture itself, <c>[n, L + N, d]</c>.</param>
    /// <param name="pooled">The pooled features of each picture's text, <c>[n, p]</c>.</param>
    /// <param name="scales">The weight of each picture's rows.</param>
    /// <param name="pooledScales">The weight of its pooled features.</param>
    /// <returns>One prompt; the caller's.</returns>
    public static PooledTextFeatures Add(Tensor tokens, Tensor pooled, IReadOnlyList<double> scales, IReadOnlyList<double> pooledScales)
    {
        using var scope = NewDisposeScope();
        var (rows, vectors) = (Weights(scales, tokens).view(-1, 1, 1), Weights(pooledScales, pooled).view(-1, 1));
        return new PooledTextFeatures((tokens * rows).sum(0, keepdim: true), (pooled * vectors).sum(0, keepdim: true));

        static Tensor Weights(IReadOnlyList<double> values, Tensor like) => tensor(values.ToArray(), like.dtype, like.device);
    }
}
