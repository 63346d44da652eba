using ImgAlign.Imaging;
using ImgAlign.Networks.Llama;
using TorchSharp;

namespace ImgAlign.Networks.Qwen;

/// <summary>Token rows with the places of their images, and where each token stands in time, row and column.</summary>
/// <param name="Ids">Row by row.</param>
/// <param name="Rows">The number of rows, B.</param>
/// <param name="ImagePositions">Where in <paramref name="Ids"/> image positions are, in order.</param>
/// <param name="Positions"><c>[3, B, N]</c>: text counts on all three axes; an image stands still in time and counts rows and
/// columns.</param>
/// <param name="Deltas">For each row, what a later token's plain index is to be moved by; negative behind an image.</param>
public sealed record QwenTokens(long[] Ids, int Rows, long[] ImagePositions, long[] Positions, long[] Deltas)
{
    private const int Axes = 3;

    /// <summary>The length of a row, N.</summary>
    public int Length => Ids.Length / Rows;

    /// <summary>The positions as a tensor.</summary>
    /// <param name="device">Where to put it.</param>
    /// <returns><c>[3, B, N]</c>; disposed by the caller.</returns>
    public torch.Tensor CopyPositions(torch.Device device) => torch.tensor(Positions, [Axes, Rows, Length], device: device);

    /// <summary>The sequence that a language model reads: embedded tokens, with the features of merged patches in the images'
    /// places.</summary>
    /// <param name="decoder">The language model.</param>
    /// <param name="features">What the tower made of the images, <c>[cells, D]</c>; null where there are none.</param>
    /// <returns><c>[B, N, D]</c>; disposed by the caller.</returns>
    public torch.Tensor Embed(LlamaModel decoder, torch.Tensor? features)
    {
        using var scope = torch.NewDisposeScope();
        var device = decoder.Device;
        var embeddings = decoder.Embed(torch.tensor(Ids, [Rows, Length], device: device)); // [B, N, D]
        if (features is null)
            return embeddings.MoveToOuterDisposeScope();
        var sequence = embeddings.flatten(0, 1).index_copy(0, torch.tensor(ImagePositions, device: device), features);
        return sequence.view(embeddings.shape).MoveToOuterDisposeScope();
    }

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
        if (ids.shape is not [> 0 and var rows, > 0 and var length])
            throw new ArgumentException(
                $"Token ids have shape [{string.Join(", ", ids.shape)}]; [B, N] is expected, with at least one token.",
                nameof(ids)
            );
        using var scope = torch.NewDisposeScope();
        var given = ids.to(torch.int64).cpu().contiguous().data<long>().ToArray();
        if (Array.FindIndex(given, id => id < 0 || id >= config.Text.VocabSize) is >= 0 and var unknown)
            throw new ArgumentException(
                $"Token {given[unknown]} is not one of the vocabulary's {config.Text.VocabSize}; do tokenizer and model belong together?",
                nameof(ids)
            );
        long[] imagePositions =
        [
            .. Enumerable.Range(0, given.Length).Where(place => given[place] == config.ImageTokenId).Select(static place => (long)place),
        ];
        var cells = grids.Sum(grid => grid.Count / config.Vision.CellPatches);
        if (imagePositions.Length != cells)
            throw new ArgumentException(
                $"The prompt has {imagePositions.Length} image positions, but {grids.Count} images are given that need {cells}; "
                    + $"{EachImage}",
                nameof(ids)
            );

        var images = new Queue<PatchGrid>(grids);
        var places = given.Chunk((int)length).Select(row => Walk(row, images, config).ToList()).ToList();
        long[] positions = [.. Axis(static place => place.Time), .. Axis(static place => place.Row), .. Axis(static place => place.Column)];
        return new QwenTokens(
            given,
            (int)rows,
            imagePositions,
            positions,
            [.. places.Select(row => row.Max(static place => place.Furthest) + 1 - length)]
        );

        IEnumerable<long> Axis(Func<Place, long> axis) => places.SelectMany(row => row).Select(axis);
    }

    private const string EachImage = "each image needs its place in the prompt, one position for each of its merged cells.";

    // Text counts on; behind an image it goes on where the image's longer side ends.
    private static IEnumerable<Place> Walk(long[] row, Queue<PatchGrid> images, QwenConfig config)
    {
        var next = 0L;
        for (var place = 0; place < row.Length; )
        {
            if (row[place] != config.ImageTokenId)
            {
                yield return new Place(next, next, next);
                next++;
                place++;
                continue;
            }
            var grid = images.Dequeue();
            var (height, width) = (grid.Rows / config.Vision.SpatialMergeSize, grid.Columns / config.Vision.SpatialMergeSize);
            var end = place + height * width;
            if (end > row.Length || row[place..end].Any(id => id != config.ImageTokenId))
                throw new ArgumentException(
                    $"An image of {height} x {width} merged cells does not find as many positions in a row; {EachImage}",
                    nameof(row)
                );
            for (var cell = 0; place < end; place++, cell++)
                yield return new Place(next, next + cell / width, next + cell % width);
            next += Math.Max(height, width);
        }
    }

    private readonly record struct Place(long Time, long Row, long Column)
    {
        public long Furthest => Math.Max(Row, Column);
    }
}
