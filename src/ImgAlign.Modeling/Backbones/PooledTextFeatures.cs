using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Backbones;

/// <summary>Encoded prompts of SDXL and FLUX: features of each token, and one vector a prompt. Owns both tensors, outside of dispose
/// scopes.</summary>
public sealed class PooledTextFeatures : TextFeatures
{
    /// <summary>Takes over both tensors.</summary>
    /// <param name="tokens">One feature vector a token, <c>[B, L, d]</c>.</param>
    /// <param name="pooled">One feature vector a prompt, <c>[B, p]</c>.</param>
    public PooledTextFeatures(Tensor tokens, Tensor pooled)
    {
        Tokens = tokens.DetachFromDisposeScope();
        Pooled = pooled.DetachFromDisposeScope();
    }

    /// <summary>One feature vector a token, <c>[B, L, d]</c>.</summary>
    public Tensor Tokens { get; }

    /// <summary>One feature vector a prompt, <c>[B, p]</c>.</summary>
    public Tensor Pooled { get; }

    /// <inheritdoc/>
    public override int Batch => (int)Tokens.shape[0];

    /// <summary>The features of a backbone that makes them of this kind.</summary>
    /// <param name="features">What the backbone is given.</param>
    /// <exception cref="ArgumentException">They are another backbone's.</exception>
    public static PooledTextFeatures Of(TextFeatures features) =>
        features as PooledTextFeatures
        ?? throw new ArgumentException(
            $"Text features of the kind {nameof(PooledTextFeatures)} are expected, but {features?.GetType().Name ?? "null"} was "
                + "given; encode the prompts with the same backbone.",
            nameof(features)
        );

    /// <inheritdoc/>
    public override TextFeatures Select(IReadOnlyList<int> rows)
    {
        using var scope = NewDisposeScope();
        var index = tensor(rows.Select(static row => (long)row).ToArray(), device: Tokens.device);
        return new PooledTextFeatures(Tokens.index_select(0, index), Pooled.index_select(0, index));
    }

    /// <inheritdoc/>
    public override TextFeatures Concat(TextFeatures others)
    {
        var more = Of(others);
        return new PooledTextFeatures(cat([Tokens, more.Tokens]), cat([Pooled, more.Pooled]));
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        Tokens.Dispose();
        Pooled.Dispose();
    }
}
