namespace ImgAlign.Tokenizers;

/// <summary>
/// Sentencepiece's unigram model (Kudo, 2018): of all ways to cut a text into pieces, the one whose scores (logarithms of probabilities)
/// have the largest sum, found by the Viterbi algorithm. Safe for use by many threads.
/// </summary>
internal sealed class UnigramModel
{
    private const char Space = '\u2581'; // ▁ stands for a space, and before every text
    private const double UnknownPenalty = 10;

    private readonly CharacterMap characters;
    private readonly Dictionary<string, (int Id, float Score)>.AlternateLookup<ReadOnlySpan<char>> pieces;
    private readonly int[] lengths; // of the pieces, each once, ascending
    private readonly double unknownScore;

    /// <summary>Prepares the search.</summary>
    /// <param name="pieces">What is found in texts: no control pieces, bytes, or the unknown one. At least one.</param>
    /// <param name="unknownId">The id of a character that no piece covers.</param>
    /// <param name="characters">What texts are normalised with.</param>
    public UnigramModel(IEnumerable<(int Id, string Text, float Score)> pieces, int unknownId, CharacterMap characters)
    {
        var found = pieces.ToDictionary(static piece => piece.Text, static piece => (piece.Id, piece.Score));
        this.pieces = found.GetAlternateLookup<ReadOnlySpan<char>>();
        this.characters = characters;
        lengths = [.. found.Keys.Select(static text => text.Length).Distinct().Order()];
        unknownScore = found.Values.Min(static piece => piece.Score) - UnknownPenalty;
        UnknownId = unknownId;
    }

    /// <summary>The id of a character that no piece covers.</summary>
    public int UnknownId { get; }

    /// <summary>The ids of a text; those of unknown characters are one by one.</summary>
    /// <param name="text">Any text; one of spaces has none.</param>
    public IEnumerable<int> Encode(string text) => BestCut(Normalize(text));

    // Replaces characters, leaves one of several spaces and none at the ends, and puts one in front.
    private string Normalize(string text)
    {
        var words = characters.Apply(text).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return string.Concat(words.Select(static word => Space + word)).TrimEnd(Space);
    }

    private Stack<int> BestCut(string text)
    {
        // The best way to each position: its score, and the piece by which it arrives there.
        var best = new (double Score, int Start, int Id)[text.Length + 1];
        Array.Fill(best, (double.NegativeInfinity, 0, 0), 1, text.Length);
        for (var start = 0; start < text.Length; start++)
        {
            if (double.IsNegativeInfinity(best[start].Score))
                continue; // within a character
            var character = char.IsHighSurrogate(text[start]) ? 2 : 1;
            var isCovered = false;
            foreach (var length in lengths)
            {
                if (length > text.Length - start)
                    break;
                if (!pieces.TryGetValue(text.AsSpan(start, length), out var piece))
                    continue;
                isCovered |= length == character;
                Offer(start, start + length, piece.Score, piece.Id);
            }
            if (!isCovered)
                Offer(start, start + character, unknownScore, UnknownId);
        }

        var ids = new Stack<int>();
        for (var end = text.Length; end > 0; end = best[end].Start)
            ids.Push(best[end].Id);
        return ids;

        void Offer(int start, int end, double score, int id)
        {
            if (best[start].Score + score > best[end].Score)
                best[end] = (best[start].Score + score, start, id);
        }
    }
}
