namespace ImgAlign.HubServer;

/// <summary>A repository with one commit.</summary>
public sealed class HostedRepository
{
    /// <summary><c>owner/name</c>, with <c>datasets/</c> before it for a dataset.</summary>
    public required string Name { get; init; }

    public required string Commit { get; init; }

    public required IReadOnlyList<HostedFile> Files { get; init; }

    public IReadOnlyCollection<string> Refs { get; init; } = ["main"];

    public string License { get; init; } = "apache-2.0";

    /// <summary>Entries of the tree in one answer.</summary>
    public int PageSize { get; init; } = 1000;

    /// <summary>Whether parts of its files are served.</summary>
    public bool ServesRanges { get; init; } = true;

    public bool IsGated { get; init; }

    public bool IsPrivate { get; init; }

    public bool IsDisabled { get; init; }
}
