namespace ImgAlign.Training.Data;

/// <summary>Two pictures of one prompt, of which people or scorers preferred one.</summary>
/// <param name="Caption">The prompt.</param>
/// <param name="Preferred">The file of the preferred picture.</param>
/// <param name="Rejected">The file of the other one.</param>
public sealed record PreferencePair(string Caption, string Preferred, string Rejected)
{
    /// <summary>By how much the preferred picture scores higher, by the names of scorers; null: scorers were not asked.</summary>
    public IReadOnlyDictionary<string, double>? Margins { get; init; }
}
