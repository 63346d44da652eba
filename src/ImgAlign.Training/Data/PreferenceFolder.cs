namespace ImgAlign.Training.Data;

/// <summary>
/// Preference pairs in a folder: <c>pairs.jsonl</c> has lines <c>{"caption": …, "preferred": FILE, "rejected": FILE}</c>, whose files are
/// relative to the folder, and with <c>"margins"</c> where scorers made them. What is wrong with a pair is found when it is used.
/// </summary>
public static class PreferenceFolder
{
    /// <summary>The file with the pairs.</summary>
    public const string FileName = "pairs.jsonl";

    /// <summary>Reads the pairs.</summary>
    /// <param name="folder">The folder.</param>
    /// <returns>The pairs, with full paths.</returns>
    /// <exception cref="ImgAlignException">The file is missing or broken.</exception>
    public static IReadOnlyList<PreferencePair> Read(string folder) => [.. Enumerate(folder)];

    /// <summary>The same one after the other.</summary>
    /// <inheritdoc cref="Read" path="/param|/exception"/>
    internal static IEnumerable<PreferencePair> Enumerate(string folder) =>
        JsonLines
            .Read<PreferencePair>(Path.Combine(folder, FileName))
            .Select(pair =>
                pair with
                {
                    Preferred = Path.GetFullPath(pair.Preferred, folder),
                    Rejected = Path.GetFullPath(pair.Rejected, folder),
                }
            );

    /// <summary>Writes the pairs, or nothing.</summary>
    /// <param name="folder">The folder, which is there.</param>
    /// <param name="pairs">The pairs, with paths relative to the folder.</param>
    public static void Write(string folder, IEnumerable<PreferencePair> pairs) => JsonLines.Write(Path.Combine(folder, FileName), pairs);
}
