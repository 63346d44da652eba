using System.Text;
using System.Text.RegularExpressions;

namespace ImgAlign.Hub;

/// <summary>
/// Which files of a repository are wanted. Patterns are those of Python's client (<c>fnmatch</c>): <c>*</c> any characters, also <c>/</c>;
/// <c>?</c> one character; <c>[a-c]</c>, <c>[!a-c]</c> one of them; a folder that ends in <c>/</c> is all that lies in it. Case matters.
/// </summary>
public sealed class HubFilter
{
    private readonly (string Text, Regex Expression)[] _include;
    private readonly Regex[] _exclude;
    private readonly Func<IReadOnlyList<string>, IEnumerable<string>>? _choose;

    /// <summary>Files that match one of <paramref name="include"/> (all, where there is none) and none of <paramref
    /// name="exclude"/>.</summary>
    public HubFilter(IEnumerable<string>? include = null, IEnumerable<string>? exclude = null)
    {
        _include = [.. (include ?? []).Select(pattern => (pattern, Compile(pattern)))];
        _exclude = [.. (exclude ?? []).Select(Compile)];
    }

    /// <summary>A choice that depends on all files, such as one of two formats.</summary>
    /// <param name="choose">From the paths of all files, those that are wanted.</param>
    public HubFilter(Func<IReadOnlyList<string>, IEnumerable<string>> choose)
        : this() => _choose = choose;

    /// <summary>Every file.</summary>
    public static HubFilter All { get; } = new();

    /// <summary>The wanted ones of <paramref name="files"/>.</summary>
    /// <exception cref="HubException">A pattern of what to include matches none of them, or nothing is left.</exception>
    internal HubFile[] Select(IReadOnlyList<HubFile> files, string where)
    {
        foreach (var (text, expression) in _include)
        {
            if (!files.Any(file => expression.IsMatch(file.Path)))
                throw new HubException(HubError.FileNotFound, $"No file of {where} matches '{text}'.");
        }
        var chosen = _choose?.Invoke([.. files.Select(file => file.Path)]).ToHashSet();
        HubFile[] wanted = [.. files.Where(file => chosen?.Contains(file.Path) ?? Matches(file.Path))];
        return wanted.Length > 0
            ? wanted
            : throw new HubException(HubError.FileNotFound, $"No file of {where} is left after the patterns.");
    }

    private bool Matches(string path) =>
        (_include.Length == 0 || _include.Any(pattern => pattern.Expression.IsMatch(path)))
        && !_exclude.Any(pattern => pattern.IsMatch(path));

    private static Regex Compile(string pattern)
    {
        if (pattern.EndsWith('/'))
            pattern += "*";
        var expression = new StringBuilder(@"\A");
        for (var i = 0; i < pattern.Length; i++)
        {
            // A bracket holds one character at least, so that the first after it (or after !) may be the closing one itself.
            var negated = i + 1 < pattern.Length && pattern[i + 1] == '!' ? 1 : 0;
            var end = pattern[i] == '[' && i + 2 + negated <= pattern.Length ? pattern.IndexOf(']', i + 2 + negated) : -1;
            if (end > 0)
            {
                var set = pattern[(i + 1 + negated)..end]
                    .Replace(@"\", @"\\", StringComparison.Ordinal)
                    .Replace("[", @"\[", StringComparison.Ordinal);
                expression.Append('[').Append(negated == 1 ? "^" : "").Append(set.StartsWith('^') ? @"\" : "").Append(set).Append(']');
                i = end;
                continue;
            }
            expression.Append(
                pattern[i] switch
                {
                    '*' => ".*",
                    '?' => ".",
                    var other => Regex.Escape(other.ToString()),
                }
            );
        }
        try
        {
            return new Regex(expression.Append(@"\z").ToString(), RegexOptions.Singleline | RegexOptions.NonBacktracking);
        }
        catch (ArgumentException e)
        {
            throw new HubException(HubError.InvalidName, $"The pattern '{pattern}' has a range in [...] that ends before it begins.", e);
        }
    }
}
