namespace ImgAlign.Cli.Jobs;

/// <summary>What a record tells that its picture can be made again by.</summary>
internal sealed record RecordedRequest
{
    /// <summary>The command: <c>align</c> or <c>generate</c>.</summary>
    public string? Command { get; init; }

    /// <summary>The most pictures that were computed at once.</summary>
    public int BatchSize { get; init; }

    /// <summary>What was asked for, by the names of options.</summary>
    public required IReadOnlyDictionary<string, string> Asked { get; init; }

    /// <summary>The values of the configuration by their keys.</summary>
    public required IReadOnlyDictionary<string, string?> Configuration { get; init; }

    /// <summary>Where the files came from, by the same keys.</summary>
    public required IReadOnlyDictionary<string, string> Sources { get; init; }
}
