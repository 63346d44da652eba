using static TorchSharp.torch;

namespace ImgAlign.Networks.Llava;

/// <summary>Token rows in which every position of an image is counted, filled up on the right to one length.</summary>
/// <param name="Ids">Row by row; 0 at image positions and where a row is filled up.</param>
/// <param name="Rows">The number of rows, B.</param>
/// <param name="ImagePositions">Where in <paramref name="Ids"/> image positions are, in order.</param>
/// <param name="Sources">For each of <paramref name="Ids"/> the given token that it is, counted through all rows; -1 at image positions and
/// where a row is filled up.</param>
public sealed record LlavaTokens(long[] Ids, int Rows, long[] ImagePositions, long[] Sources)
{
    /// <summary>The token that stands for a whole image (LLaVA's IMAGE_TOKEN_INDEX).</summary>
    public const int Image = -200;

    /// <summary>The length of a row, N.</summary>
    public int Length => Ids.Length / Rows;

    /// <summary>Counts every position of every image. What fills up a row comes after it, where its own tokens do not see it.</summary>
    /// <param name="ids">Token ids <c>[B, N']</c>, with one <see cref="Image"/> or all positions for each image.</param>
    /// <param name="config">The model.</param>
    /// <exception cref="ArgumentException">There is no token, or an id is not in the vocabulary.</exception>
    public static LlavaTokens Expand(Tensor ids, LlavaConfig config)
    {
        if (ids.shape is not [> 0 and var count, > 0 and var width])
            throw new ArgumentException(
                $"Token ids have shape [{string.Join(", ", ids.shape)}]; [B, N] is expected, with at least one token.",
                nameof(ids)
            );
        using var host = ids.to(int64).cpu().contiguous();
        var given = host.data<long>().ToArray();
        var rows = Enumerable
            .Range(0, (int)count)
            .Select(row => Positions(given, (int)(row * width), (int)width, config).ToList())
            .ToList();
        var length = rows.Max(static row => row.Count);
        foreach (var row in rows)
            row.AddRange(Enumerable.Repeat(Filler, length - row.Count));
        var positions = rows.SelectMany(static row => row).ToList();
        return new LlavaTokens(
            [.. positions.Select(static position => position.Id)],
            rows.Count,
            [.. positions.Index().Where(static position => position.Item.IsImage).Select(static position => (long)position.Index)],
            [.. positions.Select(static position => position.Source)]
        );
    }

    /// <summary>Values that were given for tokens, at the tokens' positions.</summary>
    /// <param name="values">One for each given token, <c>[B, N']</c> and of int64.</param>
    /// <param name="otherwise">The value at image positions and where a row is filled up.</param>
    /// <returns><c>[B, N]</c>, on the device of <paramref name="values"/>; disposed by the caller.</returns>
    public Tensor Spread(Tensor values, long otherwise)
    {
        using var scope = NewDisposeScope();
        var sources = tensor(Sources, device: values.device);
        var zero = tensor(0L, device: values.device);
        var spread = values.flatten().index_select(0, sources.maximum(zero));
        return where(sources.ge(zero), spread, tensor(otherwise, device: values.device)).view(Rows, Length).MoveToOuterDisposeScope();
    }

    /// <summary>Checks that the images given are those that the tokens have places for.</summary>
    public void RequireImages(long images, int imageTokens)
    {
        if (ImagePositions.Length != images * imageTokens)
            throw new ArgumentException(
                $"The prompt has {ImagePositions.Length} image positions, {imageTokens} an image, but {images} images are "
                    + "given; each image needs its <image> in the prompt, and each <image> its image."
            );
    }

    private static IEnumerable<Position> Positions(long[] given, int first, int count, LlavaConfig config)
    {
        for (var i = first; i < first + count; i++)
        {
            var id = given[i];
            if (id == config.ImageTokenIndex)
                yield return OfImage;
            else if (id == Image)
            {
                for (var patch = 0; patch < config.ImageTokens; patch++)
                    yield return OfImage;
            }
            else if (id >= 0 && id < config.Text.VocabSize)
                yield return new Position(id, i, IsImage: false);
            else
                throw new ArgumentException(
                    $"Token {id} is not one of the vocabulary's {config.Text.VocabSize}; do tokenizer and model belong together?",
                    nameof(given)
                );
        }
    }

    private static readonly Position OfImage = new(0, -1, IsImage: true);
    private static readonly Position Filler = new(0, -1, IsImage: false);

    private readonly record struct Position(long Id, long Source, bool IsImage);
}
