namespace ImgAlign.Generation;

/// <summary>Texts and their features, each different one once. Null stands for the family's unconditional prompt.</summary>
internal sealed class EncodedTexts : IDisposable
{
    private readonly List<string?> texts = [];
    private TextFeatures? features;

    /// <summary>Whether a text is there.</summary>
    public bool Has(string? text) => texts.Contains(text);

    /// <summary>Adds texts with their features, which are taken over.</summary>
    public void Add(IEnumerable<string?> added, TextFeatures encoded)
    {
        texts.AddRange(added);
        if (features is null)
        {
            features = encoded;
            return;
        }
        using (encoded)
        {
            using var before = features;
            features = before.Concat(encoded);
        }
    }

    /// <summary>A row for each of some texts; disposed by the caller.</summary>
    public TextFeatures Select(IEnumerable<string?> some) => features!.Select([.. some.Select(text => texts.IndexOf(text))]);

    public void Dispose() => features?.Dispose();
}
