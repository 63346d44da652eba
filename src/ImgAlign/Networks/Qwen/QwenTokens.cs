using ImgAlign.Imaging;
using TorchSharp;

namespace ImgAlign.Networks.Qwen;

/// <summary>Token rows with the places of their images, and where each token stands in time, row and column.</summary>
/// <param name="Ids">Row by row.</param>
/// <param name="Rows">The number of rows, B.</param>
/// <param name="ImagePositions">Where in <paramref name="Ids"/> image positions are, in order.</param>
/// <param name="Positions"><c>[3, B, N]</c>: text counts on all three axes; an image stands still in time and counts rows and columns.</param>
/// <param name="Deltas">For each row, what a later token's plain index is to be moved by; negative behind an image.</param>
public sealed record QwenTokens(long[] Ids, int Rows, long[] ImagePositions, long[] Positions, long[] Deltas)
{
    private const int Axes = 3;

    /// <summary>The length of a row, N.</summary>
    public int Length => Ids.Length / Rows;

    /// <summary>The positions as a tensor.</summary>
    /// <param name="device">Where to put it.</param>
    /// <returns><c>[3, B, N]</c>; the caller's.</returns>
    public torch.Tensor CopyPositions(torch.Device device) => torch.tensor(Positions, [Axes, Rows, Length], device: device);

    /// <summary>Finds the images in token rows (transformers <c>get_rope_index</c>).</summary>
    /// <param name="ids">Token ids <c>[B, N]</c>, the image's token once for each merged cell.</param>
    /// <param name="grids">The patches of each image, in the order of their places.</param>
    /// <param name="config">The model.</param>
    /// <exception cref="ArgumentException">Images and places differ, or an id is not in the vocabulary.</exception>
    public static QwenTokens Read(torch.Tensor ids, IReadOnlyList<PatchGrid> grids, QwenConfig config)
    {
        ArgumentNullException.ThrowIfNull(ids);
        ArgumentNullException.ThrowIfNull(grids);
        ArgumentNullException.ThrowIfNull(config);
        if (ids.shape is not [> 0 and var rows, > 0 and var length]) throw new ArgumentException($"Token ids have shape [{string.Join(", ", ids.shape)}]; [B, N] is expected, with at least one token.", nameof(ids));
        using var host = ids.to(torch.int64).cpu().contiguous();
        var given = host.data<long>().ToArray();
        if (Array.FindIndex(given, id => id < 0 || id >= config.Text.VocabSize) is >= 0 and var unknown)
            throw new ArgumentException($"Token {given[unknown]} is not one of the vocabulary's {config.Text.VocabSize}; do tokenizer and model belong together?", nameof(ids));

        var images = new Queue<PatchGrid>(grids);
        var imagePositions = new List<long>();
        var positions = new long[Axes * given.Length];
        var deltas = new long[rows];
        for (var row = 0; row < rows; row++)
        {
            var next = 0L;
            var end = (row + 1) * (int)length;
            for (var place = row * (int)length; place < end;)
            {
                if (given[place] != config.ImageTokenId)
                {
                    Stand(place++, next, next, next);
                    next++;
                }
                else
                {
                    place = PutImage(place, end, ref next);
                }
            }
            deltas[row] = next - length;
        }
        if (images.Count > 0) throw Mismatch();
        return new QwenTokens(given, (int)rows, [.. imagePositions], positions, deltas);

        int PutImage(int place, int end, ref long next)
        {
            if (!images.TryDequeue(out var grid)) throw Mismatch();
            var (height, width) = (grid.Rows / config.Vision.SpatialMergeSize, grid.Columns / config.Vision.SpatialMergeSize);
            for (var cell = 0; cell < height * width; cell++, place++)
            {
                if (place == end || given[place] != config.ImageTokenId) throw Mismatch();
                Stand(place, next, next + cell / width, next + cell % width);
                imagePositions.Add(place);
            }
            next += Math.Max(height, width);
            return place;
        }

        void Stand(int place, long time, long row, long column)
        {
            positions[place] = time;
            positions[given.Length + place] = row;
            positions[2 * given.Length + place] = column;
        }

        ArgumentException Mismatch() => new(
            $"The prompt has {given.Count(id => id == config.ImageTokenId)} image positions, but {grids.Count} images are given that need {grids.Sum(grid => grid.Count / config.Vision.CellPatches)}; each image needs its place in the prompt, one position for each of its merged cells.");
    }
}
