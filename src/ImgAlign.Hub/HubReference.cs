using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace ImgAlign.Hub;

/// <summary>
/// A repository of the hub, or one file of it: <c>owner/name[@revision][:path]</c>, with <c>datasets/</c> before it for a dataset. The
/// prefix <c>hf:</c> says that it is not a path of this machine.
/// </summary>
public sealed partial record HubReference
{
    /// <summary>The prefix of a text that names the hub for certain.</summary>
    public const string Prefix = "hf:";

    private HubReference(HubRepositoryKind kind, string repository, string revision, string? path)
    {
        Kind = kind;
        Repository = repository;
        Revision = revision;
        Path = path;
    }

    /// <summary>A model or a dataset.</summary>
    public HubRepositoryKind Kind { get; }

    /// <summary><c>owner/name</c>.</summary>
    public string Repository { get; }

    /// <summary>A branch, a tag, a commit or <c>refs/pr/N</c>; <c>main</c> where none is named.</summary>
    public string Revision { get; }

    /// <summary>One file of the repository, with <c>/</c> between folders, or null for the whole.</summary>
    public string? Path { get; }

    /// <summary>Whether the revision is a full commit hash, which never moves.</summary>
    public bool IsCommit => SafeName.IsCommit(Revision);

    /// <summary>The folder of the repository in a cache: <c>models--owner--name</c>.</summary>
    internal string FolderName =>
        (Kind == HubRepositoryKind.Dataset ? "datasets--" : "models--") + Repository.Replace("/", "--", StringComparison.Ordinal);

    /// <summary>The path of its page on the hub: <c>owner/name</c> or <c>datasets/owner/name</c>.</summary>
    internal string Page => (Kind == HubRepositoryKind.Dataset ? "datasets/" : "") + Repository;

    /// <summary>Reads <paramref name="text"/>.</summary>
    /// <exception cref="HubException">It is not a name of the hub.</exception>
    public static HubReference Parse(string text) =>
        TryParse(text, out var reference)
            ? reference
            : throw new HubException(
                HubError.InvalidName,
                $"'{text}' is not a name of the hub: write owner/name, and if needed @revision and :path behind it."
            );

    /// <summary>Reads <paramref name="text"/>, if it is a name of the hub.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out HubReference? reference)
    {
        reference = null;
        var match = Form().Match(text ?? "");
        if (!match.Success)
            return false;
        var repository = $"{match.Groups["owner"].Value}/{match.Groups["name"].Value}";
        var revision = match.Groups["revision"] is { Success: true } named ? named.Value : "main";
        var path = match.Groups["path"] is { Success: true } file ? file.Value : null;
        if (repository.Contains("--", StringComparison.Ordinal) || repository.Contains("..", StringComparison.Ordinal))
            return false;
        if (!SafeName.IsRelativePath(revision) || (path is not null && !SafeName.IsRelativePath(path)))
            return false;
        var kind = match.Groups["datasets"].Success ? HubRepositoryKind.Dataset : HubRepositoryKind.Model;
        reference = new HubReference(kind, repository, revision, path);
        return true;
    }

    /// <summary>The same repository at another revision.</summary>
    public HubReference At(string revision) =>
        SafeName.IsRelativePath(revision)
            ? new HubReference(Kind, Repository, revision, Path)
            : throw new HubException(HubError.InvalidName, $"'{revision}' cannot be a revision of {Repository}.");

    /// <summary>The text that <see cref="Parse"/> reads, without a revision where it is <c>main</c>.</summary>
    public override string ToString() => Page + (Revision == "main" ? "" : "@" + Revision) + (Path is null ? "" : ":" + Path);

    [GeneratedRegex(
        @"\A(hf:)?((?<datasets>datasets)/(?=[^/@:]+/))?"
            + @"(?<owner>[A-Za-z0-9_]([A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?)/(?<name>[A-Za-z0-9_]([A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?)"
            + @"(@(?<revision>[^:]+))?(:(?<path>.+))?\z",
        RegexOptions.ExplicitCapture
    )]
    private static partial Regex Form();
}
