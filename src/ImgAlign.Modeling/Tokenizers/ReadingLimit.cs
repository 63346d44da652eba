namespace ImgAlign.Tokenizers;

/// <summary>Finds what is left of a text when its first tokens have been read.</summary>
internal static class ReadingLimit
{
    /// <summary>The end of a text from the first word that is not read whole; null where all of it is read.</summary>
    /// <param name="text">The text.</param>
    /// <param name="limit">The most tokens that are read.</param>
    /// <param name="count">The number of tokens of a text, or any larger number than the limit where there are more.</param>
    public static string? Unread(string text, int limit, Func<string, int> count)
    {
        if (count(text) <= limit)
            return null;
        var starts = Enumerable
            .Range(0, text.Length)
            .Where(i => !char.IsWhiteSpace(text[i]) && (i == 0 || char.IsWhiteSpace(text[i - 1])))
            .ToList();
        // A longer beginning never has fewer tokens, so that the first word too many is found by halving.
        var (read, unread) = (0, starts.Count - 1);
        while (read < unread)
        {
            var middle = (read + unread) / 2;
            var end = middle + 1 < starts.Count ? starts[middle + 1] : text.Length;
            if (count(text[..end].TrimEnd()) <= limit)
                read = middle + 1;
            else
                unread = middle;
        }
        return text[starts[read]..].Trim();
    }
}
