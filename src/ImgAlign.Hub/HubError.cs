namespace ImgAlign.Hub;

/// <summary>What went wrong, for programs; the message of a <see cref="HubException"/> says it to people.</summary>
public enum HubError
{
    /// <summary>A text that is not <c>owner/name[@revision][:path]</c>, or an option with a value that cannot be used.</summary>
    InvalidName,

    /// <summary>No such repository, or it is private and the token, if any, does not open it.</summary>
    RepositoryNotFound,

    /// <summary>The repository has no such revision.</summary>
    RevisionNotFound,

    /// <summary>The revision has no such file, or none that matches a pattern.</summary>
    FileNotFound,

    /// <summary>The terms of the repository have to be accepted first.</summary>
    Gated,

    /// <summary>The hub has taken the repository down.</summary>
    Disabled,

    /// <summary>The token is not valid, or may not read this.</summary>
    Unauthorized,

    /// <summary>The hub asks for a pause that is longer than this client waits.</summary>
    RateLimited,

    /// <summary>No answer, or one that is not the hub's, after all retries.</summary>
    Unreachable,

    /// <summary>The cache does not hold it, and the hub must not be asked.</summary>
    NotInCache,

    /// <summary>The content is not what its checksum says, after all retries.</summary>
    Corrupt,

    /// <summary>The repository names a file that would lie outside its folder, or cannot exist on this system.</summary>
    UnsafeName,

    /// <summary>The disk of the cache is too small or full.</summary>
    DiskFull,
}
