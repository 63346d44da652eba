namespace ImgAlign.ShapeWorld.Language;

/// <summary>Learns a byte-pair vocabulary (Sennrich et al., 2016) from a list of words, all equally frequent, until each is a single
/// token.</summary>
internal static class BytePairTraining
{
    /// <summary>Learns the merges.</summary>
    /// <param name="words">The symbols of each word.</param>
    /// <returns>The pairs in the order in which they are merged.</returns>
    public static IReadOnlyList<(string Left, string Right)> Learn(IEnumerable<IReadOnlyList<string>> words)
    {
        var open = words.Select(static word => word.ToList()).ToList();
        var merges = new List<(string Left, string Right)>();
        while (true)
        {
            open.RemoveAll(static word => word.Count < 2);
            if (open.Count == 0)
                return merges;
            // The most frequent pair; among equals the first in the alphabet, so that the result depends on the words alone.
            var best = open.SelectMany(static word => word.Zip(word.Skip(1)))
                .GroupBy(static pair => pair)
                .OrderByDescending(static group => group.Count())
                .ThenBy(static group => group.Key.First, StringComparer.Ordinal)
                .ThenBy(static group => group.Key.Second, StringComparer.Ordinal)
                .First()
                .Key;
            merges.Add(best);
            foreach (var word in open)
                Merge(word, best);
        }
    }

    private static void Merge(List<string> word, (string Left, string Right) pair)
    {
        for (var i = 0; i < word.Count - 1; i++)
        {
            if (word[i] != pair.Left || word[i + 1] != pair.Right)
                continue;
            word[i] += word[i + 1];
            word.RemoveAt(i + 1);
        }
    }
}
