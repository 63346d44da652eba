using static TorchSharp.torch;

namespace ImgAlign.Generation;

/// <summary>
/// The noise of one item, or of several that share a source. What was drawn is kept, so that every generation of a run starts from the same
/// noise and goes on with the same draws.
/// </summary>
/// <param name="source">Where it comes from; disposed with this if <paramref name="isOwned"/>.</param>
/// <param name="isOwned">Whether the source was made for this stream.</param>
/// <param name="items">The positions in the request of the items that draw from it, in their order.</param>
/// <param name="sharesPicture">Whether these items have one picture, for which there is one draw.</param>
internal sealed class NoiseStream(INoiseSource source, bool isOwned, IReadOnlyList<int> items, bool sharesPicture) : IDisposable
{
    private readonly List<Tensor> draws = [];

    /// <summary>An item's noise.</summary>
    /// <param name="number">Which draw of a generation it is, from 0.</param>
    /// <param name="item">The item's position in the request.</param>
    /// <param name="shape">The shape of one picture's latents, <c>[C, h, w]</c>.</param>
    /// <param name="isForPicture">Whether it is for encoding the item's picture.</param>
    /// <returns><c>[1, C, h, w]</c> on the CPU; disposed by the caller.</returns>
    public Tensor Draw(int number, int item, IReadOnlyList<long> shape, bool isForPicture = false)
    {
        var isOne = isForPicture && sharesPicture;
        lock (draws) // several devices may compute pictures of one stream
        {
            while (draws.Count <= number)
                draws.Add(source.Draw([isOne ? 1 : items.Count, .. shape]).DetachFromDisposeScope());
            return draws[number].narrow(0, isOne ? 0 : items.Index().First(at => at.Item == item).Index, 1);
        }
    }

    public void Dispose()
    {
        foreach (var draw in draws)
            draw.Dispose();
        if (isOwned)
            (source as IDisposable)?.Dispose();
    }
}
