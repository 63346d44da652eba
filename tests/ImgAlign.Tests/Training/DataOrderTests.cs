using ImgAlign.Training;

namespace ImgAlign.Tests.Training;

/// <summary>The order of an epoch.</summary>
public sealed class DataOrderTests
{
    // More than are mixed at a time, of several sizes.
    private static readonly int[] Parts = [.. Enumerable.Range(0, 40).Select(static part => 3 + part % 7)];

    private static readonly int Count = Parts.Sum();

    [Fact]
    public void Every_epoch_has_every_sample_once_and_in_another_order()
    {
        var epochs = Enumerable.Range(0, 3).Select(epoch => Epoch(new DataOrder(Parts, seed: 3), epoch)).ToList();
        Assert.All(epochs, epoch => Assert.Equal(Enumerable.Range(0, Count), epoch.Order()));
        Assert.NotEqual(epochs[0], epochs[1]);
        Assert.NotEqual(epochs[0], Epoch(new DataOrder(Parts, seed: 4), 0));
        Assert.Equal(Enumerable.Range(0, Count), Epoch(new DataOrder(Parts, seed: 3, shuffle: false), 1));
        var order = new DataOrder(Parts, seed: 3);
        Assert.Equal(3 * Count, Enumerable.Range(0, 3 * Count).Select(position => order.At(position).Seed).Distinct().Count());
    }

    [Fact]
    public void A_position_has_the_same_sample_whoever_asks_for_it_and_whatever_was_asked_before()
    {
        var whole = Enumerable.Range(0, 2 * Count).Select(position => new DataOrder(Parts, seed: 3).At(position)).ToList();
        var order = new DataOrder(Parts, seed: 3);
        var random = new Random(5);
        for (var question = 0; question < 500; question++)
        {
            var position = random.Next(whole.Count);
            Assert.Equal(whole[position], order.At(position));
        }
        // Two processes that take every other sample.
        var processes = new[] { 0, 1 }
            .Select(rank => (Order: new DataOrder(Parts, seed: 3), Rank: rank))
            .SelectMany(process =>
                Enumerable
                    .Range(0, whole.Count)
                    .Where(position => position % 2 == process.Rank)
                    .Select(position => process.Order.At(position))
            );
        Assert.Equal(whole, processes.OrderBy(draw => draw.Position));
    }

    [Fact]
    public void Parts_are_read_one_window_after_the_other_and_mixed_within_it()
    {
        var starts = Parts.Select((_, part) => Parts.Take(part).Sum()).ToList();
        var order = Epoch(new DataOrder(Parts, seed: 3), 1).Select(index => starts.FindLastIndex(start => start <= index)).ToList();
        var windows = new List<HashSet<int>> { new() };
        foreach (var part in order)
        {
            if (!windows[^1].Contains(part) && windows[^1].Count == DataOrder.Window)
                windows.Add([]);
            windows[^1].Add(part);
        }
        Assert.Equal(Parts.Length, windows.Sum(window => window.Count)); // no part comes back after its window
        Assert.Equal((Parts.Length + DataOrder.Window - 1) / DataOrder.Window, windows.Count);
        Assert.InRange(order.Zip(order.Skip(1)).Count(pair => pair.First == pair.Second), 0, Count / 4);
    }

    [Fact]
    public void One_part_is_a_permutation_of_everything()
    {
        var order = Enumerable.Range(0, 50).Select(position => new DataOrder([50], seed: 3).At(position).Index).ToList();
        Assert.Equal(Enumerable.Range(0, 50), order.Order());
        Assert.InRange(order.Take(25).Count(index => index < 25), 6, 19);
    }

    [Fact]
    public void An_epoch_of_Pick_a_Pic_takes_little_memory()
    {
        int[] parts = [.. Enumerable.Repeat(512, 1662)];
        var order = new DataOrder(parts, seed: 1);
        order.At(0);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var position = 500_000L; position < 500_800; position++)
            order.At(position);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20); // a permutation of all is 3.4 MB
    }

    private static List<int> Epoch(DataOrder order, int number) =>
        [.. Enumerable.Range(number * Count, Count).Select(position => order.At(position).Index)];
}
