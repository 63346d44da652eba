using static TorchSharp.torch;

namespace ImgAlign.Backbones;

/// <summary>Features of each prompt's tokens, of which prompts have different numbers.</summary>
public sealed class ZImageTextFeatures : TextFeatures
{
    /// <summary>Takes features over.</summary>
    /// <param name="tokens"><c>[B, L, d]</c>; rows behind a prompt's length mean nothing.</param>
    /// <param name="lengths">The tokens of each prompt.</param>
    public ZImageTextFeatures(Tensor tokens, IReadOnlyList<int> lengths) => (Tokens, Lengths) = (tokens.DetachFromDisposeScope(), lengths);

    /// <summary><c>[B, L, d]</c>; rows behind a prompt's length mean nothing.</summary>
    public Tensor Tokens { get; }

    /// <summary>The tokens of each prompt.</summary>
    public IReadOnlyList<int> Lengths { get; }

    /// <inheritdoc/>
    public override int Batch => Lengths.Count;

    /// <summary>The features of a backbone that makes them of this kind.</summary>
    /// <param name="features">What the backbone is given.</param>
    /// <exception cref="ArgumentException">They are another backbone's.</exception>
    public static ZImageTextFeatures Of(TextFeatures features) =>
        features as ZImageTextFeatures
        ?? throw new ArgumentException(
            $"Z-Image takes what its own {nameof(ZImageBackbone.EncodeText)} made, but got {features?.GetType().Name ?? "null"}.",
            nameof(features)
        );

    /// <inheritdoc/>
    public override TextFeatures Select(IReadOnlyList<int> rows)
    {
        using var scope = NewDisposeScope();
        var index = tensor(rows.Select(static row => (long)row).ToArray(), device: Tokens.device);
        return new ZImageTextFeatures(Tokens.index_select(0, index), [.. rows.Select(row => Lengths[row])]);
    }

    /// <inheritdoc/>
    public override TextFeatures Concat(TextFeatures others)
    {
        using var scope = NewDisposeScope();
        var more = Of(others);
        var length = Math.Max(Tokens.shape[1], more.Tokens.shape[1]);
        return new ZImageTextFeatures(cat([Lengthened(Tokens), Lengthened(more.Tokens)]), [.. Lengths, .. more.Lengths]);

        Tensor Lengthened(Tensor tokens) => nn.functional.pad(tokens, [0, 0, 0, length - tokens.shape[1]]);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => Tokens.Dispose();
}
