using ImgAlign.Running;
using ImgAlign.Sampling;
using static TorchSharp.torch;

namespace ImgAlign.Generation;

/// <summary>
/// The noise of one item, or of several that share a source. What was drawn is kept, so that every generation of a run starts from the same
/// noise and goes on with the same draws. Used on one thread at a time: items that share a stream are in one batch.
/// </summary>
/// <param name="source">Where it comes from; disposed with this if <paramref name="isOwned"/>.</param>
/// <param name="isOwned">Whether the source was made for this stream.</param>
internal sealed class NoiseStream(INoiseSource source, bool isOwned) : IDisposable
{
    private readonly List<Tensor> draws = [];

    /// <summary>The items that draw from it, in their order.</summary>
    public List<int> Items { get; } = [];

    // Items of one picture have one draw for it.
    private bool SharesPicture { get; set; }

    /// <summary>Makes the streams of a request: one for each item without a source of its own, and one for each source.</summary>
    /// <returns>One for each item; some may be the same.</returns>
    public static IReadOnlyList<NoiseStream> Of(IReadOnlyList<ResolvedItem> items)
    {
        var shared = new Dictionary<INoiseSource, NoiseStream>(ReferenceEqualityComparer.Instance);
        var streams = new List<NoiseStream>();
        foreach (var (index, item) in items.Index())
        {
            NoiseStream stream;
            if (item.Noise is not { } given)
                stream = new NoiseStream(new TorchNoise(item.Seed), isOwned: true);
            else if (!shared.TryGetValue(given, out stream!))
                shared[given] = stream = new NoiseStream(given, isOwned: false);
            stream.Items.Add(index);
            streams.Add(stream);
        }
        foreach (var stream in shared.Values)
            stream.SharesPicture = stream.Items.Select(index => items[index].Image).Distinct().Count() == 1;
        return streams;
    }

    /// <summary>An item's noise.</summary>
    /// <param name="number">Which draw of a generation it is, from 0.</param>
    /// <param name="item">The item.</param>
    /// <param name="shape">The shape of one picture's latents, <c>[C, h, w]</c>.</param>
    /// <param name="isForPicture">Whether it is for encoding the item's picture.</param>
    /// <returns><c>[1, C, h, w]</c> on the CPU; disposed by the caller.</returns>
    public Tensor Draw(int number, int item, IReadOnlyList<long> shape, bool isForPicture = false)
    {
        var isOne = isForPicture && SharesPicture;
        while (draws.Count <= number)
            draws.Add(source.Draw([isOne ? 1 : Items.Count, .. shape]).DetachFromDisposeScope());
        return draws[number].narrow(0, isOne ? 0 : Items.IndexOf(item), 1);
    }

    public void Dispose()
    {
        foreach (var draw in draws)
            draw.Dispose();
        if (isOwned)
            (source as IDisposable)?.Dispose();
    }
}
