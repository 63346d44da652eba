using TorchSharp;

namespace ImgAlign.Networks.Llava;

/// <summary>Token rows in which every position of an image is counted.</summary>
/// <param name="Ids">Row by row; 0 at image positions.</param>
/// <param name="Rows">The number of rows, B.</param>
/// <param name="ImagePositions">Where in <paramref name="Ids"/> image positions are, in order.</param>
public sealed record LlavaTokens(long[] Ids, int Rows, long[] ImagePositions)
{
    /// <summary>The token that stands for a whole image (LLaVA's IMAGE_TOKEN_INDEX).</summary>
    public const int Image = -200;

    /// <summary>The length of a row, N.</summary>
    public int Length => Ids.Length / Rows;

    /// <summary>Counts every position of every image.</summary>
    /// <param name="ids">Token ids <c>[B, N']</c>, with one <see cref="Image"/> or all positions for each image.</param>
    /// <param name="config">The model.</param>
    /// <exception cref="ArgumentException">The rows come out with different lengths, or an id is not in the vocabulary.</exception>
    internal static LlavaTokens Expand(torch.Tensor ids, LlavaConfig config)
    {
        if (ids.shape is not [> 0 and var rows, > 0 and var width]) throw new ArgumentException($"Token ids have shape [{string.Join(", ", ids.shape)}]; [B, N] is expected, with at least one token.", nameof(ids));
        using var host = ids.to(torch.int64).cpu().contiguous();
        var given = host.data<long>().ToArray();
        var expanded = new List<long>();
        var images = new List<long>();
        var length = 0;
        for (var row = 0; row < rows; row++)
        {
            foreach (var id in given.AsSpan((int)(row * width), (int)width))
            {
                if (id == Image || id == config.ImageTokenIndex) AddImagePositions(id == Image ? config.ImageTokens : 1);
                else if (id >= 0 && id < config.Text.VocabSize) expanded.Add(id);
                else throw new ArgumentException($"Token {id} is not one of the vocabulary's {config.Text.VocabSize}; do tokenizer and model belong together?", nameof(ids));
            }
            if (row == 0) length = expanded.Count;
            else if (expanded.Count != length * (row + 1)) throw new ArgumentException($"Rows 0 and {row} have {length} and {expanded.Count - length * row} positions, image patches included; one batch needs rows of one length.", nameof(ids));
        }
        return new LlavaTokens([.. expanded], (int)rows, [.. images]);

        void AddImagePositions(int count)
        {
            images.AddRange(Enumerable.Range(expanded.Count, count).Select(position => (long)position));
            expanded.AddRange(Enumerable.Repeat(0L, count));
        }
    }

    /// <summary>Checks that the images given are those that the tokens have places for.</summary>
    internal void RequireImages(long images, int imageTokens)
    {
        if (ImagePositions.Length != images * imageTokens)
            throw new ArgumentException($"The prompt has {ImagePositions.Length} image positions, {imageTokens} an image, but {images} images are given; each image needs its <image> in the prompt, and each <image> its image.");
    }
}
