namespace ImgAlign;

/// <summary>How many of a gate's scorers must agree.</summary>
public enum GateVote
{
    /// <summary>All of them.</summary>
    All,

    /// <summary>More than half of them.</summary>
    Majority,

    /// <summary>One of them.</summary>
    Any,
}
