namespace ImgAlign.Tokenizers;

/// <summary>
/// Byte-pair encoding's merge loop: joins the neighbours whose pair has the lowest rank, the leftmost among equals, until no pair has a
/// rank. Takes n log n steps; of Microsoft.ML.Tokenizers' two loops (2.0), one is quadratic in the length of a word and the other takes
/// ties from the right.
/// </summary>
internal sealed class PairMerger
{
    private readonly Dictionary<(int Left, int Right), (int Rank, int Merged)> pairs;

    /// <summary>Takes each pair's rank and what it becomes.</summary>
    public PairMerger(Dictionary<(int Left, int Right), (int Rank, int Merged)> pairs) => this.pairs = pairs;

    /// <summary>Merges symbols; the array is used up.</summary>
    /// <returns>What is left of them.</returns>
    public IEnumerable<int> Merge(int[] symbols)
    {
        // A linked list over the array: a merged pair lives on at the place of its left half.
        var next = new int[symbols.Length];
        var previous = new int[symbols.Length];
        var gone = new bool[symbols.Length];
        for (var i = 0; i < symbols.Length; i++)
            (previous[i], next[i]) = (i - 1, i + 1);

        var queue = new PriorityQueue<(int Place, int Merged), (int Rank, int Place)>();
        for (var i = 0; i < symbols.Length; i++)
            Consider(i);
        while (queue.TryDequeue(out var best, out var priority))
        {
            // The pair may have changed since it was queued.
            var (place, right) = (best.Place, next[best.Place]);
            if (
                gone[place]
                || right >= symbols.Length
                || !pairs.TryGetValue((symbols[place], symbols[right]), out var pair)
                || pair != (priority.Rank, best.Merged)
            )
                continue;
            symbols[place] = best.Merged;
            gone[right] = true;
            next[place] = next[right];
            if (next[place] < symbols.Length)
                previous[next[place]] = place;
            Consider(previous[place]);
            Consider(place);
        }
        return symbols.Where((_, place) => !gone[place]);

        void Consider(int place)
        {
            if (place >= 0 && next[place] < symbols.Length && pairs.TryGetValue((symbols[place], symbols[next[place]]), out var pair))
                queue.Enqueue((place, pair.Merged), (pair.Rank, place));
        }
    }
}
