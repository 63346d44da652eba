using static TorchSharp.torch;

namespace ImgAlign.Networks.Vae;

/// <summary>
/// Runs half of an autoencoder tile by tile, so that memory follows from the tile and not from the picture. Tiles overlap, and where they
/// do one goes over into the other (diffusers <c>AutoencoderKL.tiled_decode</c> and <c>tiled_encode</c>). What a tile does not see is missing
/// in its numbers: the picture is not that of the whole to the bit.
/// </summary>
public sealed class OverlappingTiles
{
    private readonly int size;
    private readonly int step;
    private readonly int blended;
    private readonly int kept;

    /// <summary>Sets the sizes.</summary>
    /// <param name="inputSize">Both sides of a tile of what goes in.</param>
    /// <param name="outputSize">Both sides of what comes out of it.</param>
    /// <param name="overlap">The share of a tile that the next one covers, too; below 1.</param>
    /// <exception cref="ArgumentException">The overlap is not a whole number of pixels and latents.</exception>
    public OverlappingTiles(int inputSize, int outputSize, double overlap = 0.25)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(inputSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(outputSize, 1);
        if (!(overlap >= 0 && overlap < 1) || !double.IsInteger(inputSize * overlap) || !double.IsInteger(outputSize * overlap))
            throw new ArgumentException(
                $"Tiles of {inputSize} and {outputSize} cannot overlap by {overlap}: it must be a share below 1 that is whole in both.",
                nameof(overlap)
            );
        size = inputSize;
        step = (int)(inputSize * (1 - overlap));
        blended = (int)(outputSize * overlap);
        kept = outputSize - blended;
    }

    /// <summary>Runs it; what is no larger than a tile goes through as a whole.</summary>
    /// <param name="x"><c>[B, C, h, w]</c>.</param>
    /// <param name="half">What is run.</param>
    /// <returns><c>[B, C', h', w']</c>; disposed by the caller.</returns>
    public Tensor Run(Tensor x, Func<Tensor, Tensor> half)
    {
        var (height, width) = (x.shape[2], x.shape[3]);
        if (height <= size && width <= size)
            return half(x);
        using var scope = NewDisposeScope();
        var rows = new List<Tensor>();
        List<Tensor> above = [];
        for (var top = 0L; top < height; top += step)
        {
            var row = new List<Tensor>();
            for (var left = 0L; left < width; left += step)
            {
                using var part = x.narrow(2, top, Math.Min(size, height - top)).narrow(3, left, Math.Min(size, width - left));
                var tile = half(part);
                // Neighbours as they are after their own blending.
                if (above.Count > 0)
                    Blend(above[row.Count], tile, dimension: 2);
                if (row.Count > 0)
                    Blend(row[^1], tile, dimension: 3);
                row.Add(tile);
            }
            rows.Add(cat([.. row.Select(tile => Crop(Crop(tile, 2), 3))], 3));
            above.ForEach(static tile => tile.Dispose());
            above = row;
        }
        return cat(rows, 2).MoveToOuterDisposeScope();
    }

    // The tile's first lines go over from the neighbour's last ones; the very first is the neighbour's.
    private void Blend(Tensor neighbour, Tensor tile, int dimension)
    {
        using var scope = NewDisposeScope();
        var lines = Math.Min(Math.Min(neighbour.shape[dimension], tile.shape[dimension]), blended);
        if (lines == 0)
            return;
        var share = TensorMath.Range(lines, tile.dtype, tile.device).DividedByInPlace(lines); // of the tile
        if (dimension == 2)
            share = share.unsqueeze(-1);
        var (old, own) = (neighbour.narrow(dimension, neighbour.shape[dimension] - lines, lines), tile.narrow(dimension, 0, lines));
        own.copy_((old * share.OneMinus()).PlusInPlace(own * share));
    }

    private Tensor Crop(Tensor tile, int dimension) => tile.narrow(dimension, 0, Math.Min(kept, tile.shape[dimension]));
}
