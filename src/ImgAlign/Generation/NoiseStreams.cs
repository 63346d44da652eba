using ImgAlign.Running;
using ImgAlign.Sampling;

namespace ImgAlign.Generation;

/// <summary>The noise of a run's pictures: a stream for each item and seed, and one for each source that items share.</summary>
internal sealed class NoiseStreams : IDisposable
{
    private readonly Dictionary<(int Item, long Seed), NoiseStream> streams = [];

    /// <summary>Makes the streams of a request's items.</summary>
    public NoiseStreams(IReadOnlyList<ResolvedItem> items)
    {
        foreach (
            var shared in items
                .Where(static item => item.Noise is not null)
                .GroupBy(static item => item.Noise, ReferenceEqualityComparer.Instance)
        )
        {
            var stream = new NoiseStream(
                shared.First().Noise!,
                isOwned: false,
                [.. shared.Select(static item => item.Index)],
                sharesPicture: shared.Select(static item => item.Image).Distinct().Count() == 1
            );
            foreach (var item in shared)
                streams[KeyOf(item)] = stream;
        }
    }

    /// <summary>The noise of an item with its seed, from its beginning.</summary>
    public NoiseStream Of(ResolvedItem item)
    {
        if (!streams.TryGetValue(KeyOf(item), out var stream))
            streams[KeyOf(item)] = stream = new NoiseStream(new TorchNoise(item.Seed), isOwned: true, [item.Index], sharesPicture: true);
        return stream;
    }

    public void Dispose()
    {
        foreach (var stream in streams.Values.Distinct())
            stream.Dispose();
    }

    private static (int Item, long Seed) KeyOf(ResolvedItem item) => (item.Index, item.Seed);
}
