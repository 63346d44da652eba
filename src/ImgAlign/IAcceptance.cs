namespace ImgAlign;

/// <summary>
/// Decides which pictures are kept, and when an item's rounds end. Scorers of the pipeline that it does not look at only report.
/// </summary>
public interface IAcceptance
{
    /// <summary>The names of the scorers that it decides by; empty where it looks at no score.</summary>
    IReadOnlyList<string> Scorers { get; }

    /// <summary>What it does, for records.</summary>
    string Description { get; }

    /// <summary>Whether a round's picture takes the place of the picture that it came from.</summary>
    /// <param name="before">The scores of the picture that it came from, one a scorer of the pipeline.</param>
    /// <param name="after">Its own.</param>
    bool Accepts(IReadOnlyList<NamedScore> before, IReadOnlyList<NamedScore> after);

    /// <summary>Whether an item gets no further round; asked before each one.</summary>
    /// <param name="kept">The scores of the picture that is kept.</param>
    /// <param name="lastAccepted">Whether the last round's picture was kept; null before the first round.</param>
    bool IsDone(IReadOnlyList<NamedScore> kept, bool? lastAccepted);
}
