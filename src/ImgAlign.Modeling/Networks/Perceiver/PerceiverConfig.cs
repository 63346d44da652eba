using ImgAlign.Checkpoints;

namespace ImgAlign.Networks.Perceiver;

/// <summary>
/// Sizes of the networks made of perceiver layers: the image prompt's resampler and the Implicit Aligner. Their files have no
/// configuration; the sizes follow from the shapes.
/// </summary>
/// <param name="InputWidth">Width of what is attended to: of the image encoder's or the detector's hidden states, D.</param>
/// <param name="Width">Width of the latents within.</param>
/// <param name="OutputWidth">Width of the tokens that come out, d.</param>
/// <param name="Depth">The number of layers.</param>
/// <param name="Heads">The number of attention heads.</param>
/// <param name="HeadWidth">Width of a head.</param>
/// <param name="FeedForwardWidth">Width inside a feed-forward.</param>
public sealed record PerceiverConfig(
    long InputWidth,
    long Width,
    long OutputWidth,
    int Depth,
    long Heads,
    long HeadWidth,
    long FeedForwardWidth
)
{
    /// <summary>Width of a head in all released files, which do not tell it.</summary>
    public const int ReleasedHeadWidth = 64;

    /// <summary>Width of queries, keys and values.</summary>
    public long InnerWidth => Heads * HeadWidth;

    /// <summary>Finds what stands in front of the names: <c>module.</c>, <c>image_proj.</c> or nothing.</summary>
    /// <param name="checkpoint">The checkpoint; only its names are looked at.</param>
    /// <exception cref="CheckpointException">There is no such network in the file, or there are several.</exception>
    public static string FindPrefix(Checkpoint checkpoint)
    {
        const string anchor = "layers.0.0.to_kv.weight";
        var found = checkpoint.Tensors.Keys.Where(name => name == anchor || name.EndsWith("." + anchor, StringComparison.Ordinal)).ToList();
        if (found.Count != 1)
            throw new CheckpointException(
                checkpoint.Source,
                $"holds {found.Count} tensors named {anchor}, but a resampler or an aligner has one; is this the right file?"
            );
        return found[0][..^anchor.Length];
    }

    /// <summary>Derives the sizes from the shapes.</summary>
    /// <param name="checkpoint">The checkpoint; no data is read.</param>
    /// <param name="prefix">See <see cref="FindPrefix"/>.</param>
    /// <param name="headWidth">Width of a head.</param>
    /// <exception cref="CheckpointException">A tensor is missing or has an impossible shape.</exception>
    public static PerceiverConfig FromShapes(Checkpoint checkpoint, string prefix, int headWidth = ReleasedHeadWidth)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(headWidth, 1);
        var (width, inputWidth) = MatrixShape("proj_in.weight");
        var (outputWidth, _) = MatrixShape("proj_out.weight");
        var (innerWidth, _) = MatrixShape("layers.0.0.to_q.weight");
        var (feedForwardWidth, _) = MatrixShape("layers.0.1.1.weight");
        if (innerWidth == 0 || innerWidth % headWidth != 0)
            throw new CheckpointException(
                checkpoint.Source,
                $"has {innerWidth} rows, which is no multiple of the head width {headWidth}; give the head width that it was trained with.",
                prefix + "layers.0.0.to_q.weight"
            );
        var depth = 0;
        while (checkpoint.Tensors.ContainsKey($"{prefix}layers.{depth}.0.to_q.weight"))
            depth++;
        return new PerceiverConfig(inputWidth, width, outputWidth, depth, innerWidth / headWidth, headWidth, feedForwardWidth);

        (long Rows, long Columns) MatrixShape(string name)
        {
            if (!checkpoint.Tensors.TryGetValue(prefix + name, out var info))
                throw new CheckpointException(checkpoint.Source, "is missing; is this the checkpoint of another model?", prefix + name);
            return info.Shape is [var rows, var columns]
                ? (rows, columns)
                : throw new CheckpointException(checkpoint.Source, $"has shape {info.ShapeText}, but a matrix is expected.", prefix + name);
        }
    }
}
