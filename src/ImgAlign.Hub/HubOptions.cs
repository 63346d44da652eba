namespace ImgAlign.Hub;

/// <summary>Where the hub and its cache are, and how downloads behave. The defaults are those of Python's client, its environment variables
/// included.</summary>
public sealed class HubOptions
{
    /// <summary>The options that this process's environment variables name.</summary>
    /// <exception cref="HubException">A variable has a value that cannot be used.</exception>
    public HubOptions()
        : this(Environment.GetEnvironmentVariable) { }

    internal HubOptions(Func<string, string?> environment)
    {
        var variables = new HubEnvironment(environment);
        Endpoint = variables.Endpoint;
        CacheFolder = variables.CacheFolder;
        Token = variables.Token;
        Offline = variables.Offline;
        UseSymbolicLinks = variables.UseSymbolicLinks;
        MetadataTimeout = variables.MetadataTimeout;
        DownloadTimeout = variables.DownloadTimeout;
    }

    /// <summary>The hub (<c>HF_ENDPOINT</c>).</summary>
    public Uri Endpoint { get; set; }

    /// <summary>The cache (<c>HF_HUB_CACHE</c>, else <c>hub</c> in <c>HF_HOME</c>).</summary>
    public string CacheFolder { get; set; }

    /// <summary>
    /// Who asks (<c>HF_TOKEN</c>, else the file <c>HF_TOKEN_PATH</c>; neither with <c>HF_HUB_DISABLE_IMPLICIT_TOKEN</c>). Sent to <see
    /// cref="Endpoint"/> and to no other host.
    /// </summary>
    public string? Token { get; set; }

    /// <summary>The cache only, no request (<c>HF_HUB_OFFLINE</c>).</summary>
    public bool Offline { get; set; }

    /// <summary>
    /// Snapshots link to blobs, so that a file which two revisions share lies once (not with <c>HF_HUB_DISABLE_SYMLINKS</c>, nor where the
    /// system cannot).
    /// </summary>
    public bool UseSymbolicLinks { get; set; }

    /// <summary>How long an answer that carries no file may take (<c>HF_HUB_ETAG_TIMEOUT</c>).</summary>
    public TimeSpan MetadataTimeout { get; set; }

    /// <summary>How long a download may stand still (<c>HF_HUB_DOWNLOAD_TIMEOUT</c>).</summary>
    public TimeSpan DownloadTimeout { get; set; }

    /// <summary>Connections at once.</summary>
    public int Connections { get; set; } = 8;

    /// <summary>Bytes that one request for a part of a large file asks for, and so what a killed process has to fetch again per
    /// connection.</summary>
    public int PartSize { get; set; } = 16 << 20;

    /// <summary>How often a request is repeated that brings nothing.</summary>
    public int Retries { get; set; } = 5;

    /// <summary>The pause before the first repetition; it doubles each time, and the hub may ask for another.</summary>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest pause that the hub may ask for before the download gives up.</summary>
    public TimeSpan LongestPause { get; set; } = TimeSpan.FromMinutes(5);
}
