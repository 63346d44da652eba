using CsCheck;
using ImgAlign.Tokenizers;

namespace ImgAlign.Tests.Tokenizers;

public class PairMergerTests
{
    // Few symbols and many pairs, so that ties, overlaps and chains occur: symbol n + 10 * m stands for a merged pair.
    private static readonly Gen<Dictionary<(int Left, int Right), (int Rank, int Merged)>> Pairs = Gen.Select(
            Gen.Int[0, 3],
            Gen.Int[0, 3],
            Gen.Int[0, 5]
        )
        .Array[0, 12]
        .Select(drawn =>
            drawn
                .DistinctBy(pair => (pair.Item1, pair.Item2))
                .ToDictionary(pair => (pair.Item1, pair.Item2), pair => (pair.Item3, pair.Item3 % 4))
        );

    [Fact]
    public void Agrees_with_the_plain_loop() =>
        Gen.Select(Pairs, Gen.Int[0, 3].Array[0, 30])
            .Sample((pairs, symbols) => Assert.Equal(PlainLoop(pairs, symbols), new PairMerger(pairs).Merge([.. symbols])));

    private static List<int> PlainLoop(Dictionary<(int Left, int Right), (int Rank, int Merged)> pairs, int[] symbols)
    {
        var list = symbols.ToList();
        while (true)
        {
            var best = Enumerable
                .Range(0, Math.Max(0, list.Count - 1))
                .Where(i => pairs.ContainsKey((list[i], list[i + 1])))
                .OrderBy(i => pairs[(list[i], list[i + 1])].Rank)
                .ThenBy(i => i)
                .Select(i => (int?)i)
                .FirstOrDefault();
            if (best is not { } place)
                return list;
            list[place] = pairs[(list[place], list[place + 1])].Merged;
            list.RemoveAt(place + 1);
        }
    }
}
