using static TorchSharp.torch;

namespace ImgAlign.Networks.Layers;

/// <summary>Scaled dot-product attention: the one implementation that all networks use.</summary>
internal static class Attention
{
    /// <summary><c>softmax(q k^T / sqrt(head width)) v</c>, head by head.</summary>
    /// <param name="q">Queries <c>[B, N, H * dh]</c>.</param>
    /// <param name="k">Keys <c>[B, M, H * dh]</c>.</param>
    /// <param name="v">Values <c>[B, M, H * dh]</c>.</param>
    /// <param name="heads">The number of heads, H.</param>
    /// <param name="causal">Whether position i sees positions up to i only.</param>
    /// <returns><c>[B, N, H * dh]</c>.</returns>
    public static Tensor Attend(Tensor q, Tensor k, Tensor v, long heads, bool causal = false)
    {
        using var result = AttendHeads(Split(q, heads), Split(k, heads), Split(v, heads), causal);
        return Merge(result);
    }

    /// <summary>The same on tensors that are already split into heads, <c>[B, H, N, dh]</c>.</summary>
    /// <param name="q">Queries.</param>
    /// <param name="k">Keys.</param>
    /// <param name="v">Values.</param>
    /// <param name="causal">Whether position i sees positions up to i only.</param>
    /// <param name="bias">What is added to the scores before the softmax, or of type bool which keys take part; broadcasts to
    /// <c>[B, H, N, M]</c>. Null for nothing.</param>
    public static Tensor AttendHeads(Tensor q, Tensor k, Tensor v, bool causal = false, Tensor? bias = null) =>
        nn.functional.scaled_dot_product_attention(q, k, v, attn_mask: bias, is_casual: causal);

    /// <summary>Which keys the last positions of a sequence see: all up to their own.</summary>
    /// <param name="queries">The number of the last positions, N.</param>
    /// <param name="keys">The length of the sequence, M.</param>
    /// <param name="device">Where to put it.</param>
    /// <returns>Booleans <c>[N, M]</c>.</returns>
    public static Tensor CausalMask(long queries, long keys, Device device)
    {
        using var scope = NewDisposeScope();
        return ones(queries, keys, @bool, device).tril(keys - queries).MoveToOuterDisposeScope();
    }

    /// <summary><c>[B, N, H * dh]</c> to <c>[B, H, N, dh]</c>, a view.</summary>
    public static Tensor Split(Tensor x, long heads) => x.view(x.shape[0], x.shape[1], heads, -1).transpose(1, 2);

    /// <summary><c>[B, H, N, dh]</c> to <c>[B, N, H * dh]</c>.</summary>
    public static Tensor Merge(Tensor x) => x.transpose(1, 2).reshape(x.shape[0], x.shape[2], -1);
}
