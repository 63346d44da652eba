using static TorchSharp.torch;

namespace ImgAlign.Tokenizers;

/// <summary>Rows of token ids of different lengths, for decoders.</summary>
public static class TokenRows
{
    /// <summary>
    /// Token rows as one tensor, filled up on the right to one length. A decoder's tokens see only those before them, so that what fills a
    /// row up changes nothing of it.
    /// </summary>
    /// <param name="rows">The token ids of each row.</param>
    /// <param name="lengths">The length of each row.</param>
    /// <returns><c>[B, N]</c>, on the CPU; disposed by the caller.</returns>
    public static Tensor ToTensor(IReadOnlyList<IReadOnlyList<int>> rows, out IReadOnlyList<int> lengths)
    {
        const long Filler = 0; // any token of text
        lengths = [.. rows.Select(static row => row.Count)];
        var longest = lengths.Max();
        return tensor(
            rows.SelectMany(row => row.Select(static id => (long)id).Concat(Enumerable.Repeat(Filler, longest - row.Count))).ToArray(),
            [rows.Count, longest]
        );
    }
}
