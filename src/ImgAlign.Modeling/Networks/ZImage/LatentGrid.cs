using static TorchSharp.torch;

namespace ImgAlign.Networks.ZImage;

/// <summary>The image tokens of a latent: frame by frame, row by row, squares of 2 x 2 latents whose channels come last.</summary>
/// <param name="Frames">Frames; 1 for a picture.</param>
/// <param name="Rows">Tokens from top to bottom.</param>
/// <param name="Columns">Tokens from left to right.</param>
public readonly record struct LatentGrid(int Frames, int Rows, int Columns)
{
    private const int Side = ZImageConfig.PatchSize;

    /// <summary>The number of tokens.</summary>
    public int Count => Frames * Rows * Columns;

    /// <summary>The number of tokens with those that fill the sequence up.</summary>
    public int PaddedCount => PadLength(Count);

    /// <summary>A sequence's length with what fills it up.</summary>
    public static int PadLength(int length) =>
        (length + ZImageConfig.SequenceMultiple - 1) / ZImageConfig.SequenceMultiple * ZImageConfig.SequenceMultiple;

    /// <summary>The grid of latents <c>[B, C, F, h, w]</c>.</summary>
    /// <exception cref="ArgumentException">h or w is odd.</exception>
    public static LatentGrid Of(Tensor latents) =>
        latents.shape is [_, _, var frames, var height, var width] && height % Side == 0 && width % Side == 0
            ? new((int)frames, (int)height / Side, (int)width / Side)
            : throw new ArgumentException(
                $"Latents have shape [{string.Join(", ", latents.shape)}], but [B, C, F, h, w] with even h and w is expected.",
                nameof(latents)
            );

    /// <summary>Latents to tokens, the last of which is repeated to fill the sequence up.</summary>
    /// <param name="latents"><c>[B, C, F, h, w]</c>.</param>
    /// <returns><c>[B, N, 4C]</c>, N a multiple of 32; disposed by the caller.</returns>
    public Tensor Pack(Tensor latents)
    {
        using var scope = NewDisposeScope();
        var (batch, channels) = (latents.shape[0], latents.shape[1]);
        var tokens = latents
            .reshape(batch, channels, Frames, Rows, Side, Columns, Side)
            .permute(0, 2, 3, 5, 4, 6, 1)
            .reshape(batch, Count, Side * Side * channels);
        var filler = tokens.narrow(1, Count - 1, 1).expand(batch, PaddedCount - Count, Side * Side * channels);
        return cat([tokens, filler], 1).MoveToOuterDisposeScope();
    }

    /// <summary>Tokens to latents, without those that fill the sequence up.</summary>
    /// <param name="tokens"><c>[B, N or more, 4C]</c>.</param>
    /// <returns><c>[B, C, F, h, w]</c>; disposed by the caller.</returns>
    public Tensor Unpack(Tensor tokens)
    {
        using var scope = NewDisposeScope();
        var (batch, channels) = (tokens.shape[0], tokens.shape[2] / (Side * Side));
        return tokens
            .narrow(1, 0, Count)
            .reshape(batch, Frames, Rows, Columns, Side, Side, channels)
            .permute(0, 6, 1, 2, 4, 3, 5)
            .reshape(batch, channels, Frames, Rows * Side, Columns * Side)
            .MoveToOuterDisposeScope();
    }

    /// <summary>Where tokens stand on the three axes: the picture's, then the caption's, each with what fills it up.</summary>
    /// <param name="captionLength">The caption's length with what fills it up.</param>
    /// <returns>Position by position, three numbers each: the picture begins behind the caption, and its filling stands nowhere.</returns>
    public IEnumerable<long> Positions(int captionLength)
    {
        for (var frame = 0; frame < Frames; frame++)
        for (var row = 0; row < Rows; row++)
        for (var column = 0; column < Columns; column++)
        {
            yield return captionLength + 1 + frame;
            yield return row;
            yield return column;
        }
        for (var i = 0; i < 3 * (PaddedCount - Count); i++)
            yield return 0;
        for (var place = 1; place <= captionLength; place++)
        {
            yield return place;
            yield return 0;
            yield return 0;
        }
    }
}
