namespace ImgAlign.HubServer;

/// <summary>What goes wrong while content is sent.</summary>
public sealed record ContentFault
{
    /// <summary>The connection is cut after so many bytes of the answer.</summary>
    public long? BreakAfter { get; init; }

    /// <summary>Nothing more comes after so many bytes, though the connection stays.</summary>
    public long? StallAfter { get; init; }

    /// <summary>A pause before every 64 KiB.</summary>
    public TimeSpan Pause { get; init; }

    /// <summary>The first byte of the answer is another.</summary>
    public bool IsAltered { get; init; }

    /// <summary>Another file of so many bytes comes instead.</summary>
    public int? OtherSize { get; init; }
}
