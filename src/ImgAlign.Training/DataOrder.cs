using ImgAlign.Sampling;

namespace ImgAlign.Training;

/// <summary>
/// The order in which a run goes through a data set, which lies in parts: in every epoch the parts come in another order, and the samples
/// of <see cref="Window"/> parts at a time are shuffled. It follows from the seed, the position and the sizes of the parts alone: any
/// position can be asked for, so that a run continues by a number, and no more of an epoch is in memory than one window.
/// </summary>
/// <param name="parts">The samples in each part; together all of the data set.</param>
/// <param name="seed">The seed.</param>
/// <param name="shuffle">Whether epochs are shuffled; otherwise samples come in their own order.</param>
internal sealed class DataOrder(IReadOnlyList<int> parts, long seed, bool shuffle = true)
{
    /// <summary>The parts whose samples are mixed with each other.</summary>
    public const int Window = 16;

    private readonly int count = parts.Sum();
    private readonly int[] starts = Sums(parts);
    private Epoch? epoch;

    /// <summary>What is drawn at a position.</summary>
    /// <param name="position">From 0.</param>
    public SampleDraw At(long position)
    {
        var (number, place) = (position / count, (int)(position % count));
        return new SampleDraw(position, shuffle ? Shuffled(number, place) : place, SeedSequence.At(seed, position));
    }

    private int Shuffled(long number, int place)
    {
        if (epoch?.Number != number)
            epoch = new Epoch(number, SeedSequence.At(~seed, number), parts, starts);
        return epoch.At(place);
    }

    // Where each item begins, and where the last one ends.
    private static int[] Sums(IEnumerable<int> sizes)
    {
        List<int> sums = [0];
        foreach (var size in sizes)
            sums.Add(sums[^1] + size);
        return [.. sums];
    }

    private sealed class Epoch
    {
        private readonly long seed;
        private readonly int[][] windows; // the parts in each
        private readonly int[] firstPlaces;
        private readonly IReadOnlyList<int> parts;
        private readonly int[] starts;
        private int[] mixed = [];
        private int mixedWindow = -1;

        public Epoch(long number, long seed, IReadOnlyList<int> parts, int[] starts)
        {
            (Number, this.seed, this.parts, this.starts) = (number, seed, parts, starts);
            int[] order = [.. Enumerable.Range(0, parts.Count)];
            Shuffle(order, ~seed, 0);
            windows = [.. order.Chunk(Window)];
            firstPlaces = Sums(windows.Select(window => window.Sum(part => parts[part])));
        }

        public long Number { get; }

        public int At(int place)
        {
            if (mixedWindow < 0 || place < firstPlaces[mixedWindow] || place >= firstPlaces[mixedWindow + 1])
                Mix(Array.FindLastIndex(firstPlaces, first => first <= place));
            return mixed[place - firstPlaces[mixedWindow]];
        }

        private void Mix(int window)
        {
            mixed = [.. windows[window].SelectMany(part => Enumerable.Range(starts[part], parts[part]))];
            Shuffle(mixed, seed, firstPlaces[window]);
            mixedWindow = window;
        }

        // Every place of an epoch has draws of its own.
        private static void Shuffle(int[] items, long seed, int firstPlace)
        {
            for (var last = items.Length - 1; last > 0; last--)
            {
                var other = SeedSequence.Below(SeedSequence.At(seed, firstPlace + last), last + 1);
                (items[last], items[other]) = (items[other], items[last]);
            }
        }
    }
}
