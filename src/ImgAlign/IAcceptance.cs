namespace ImgAlign;

/// <summary>
/// Decides which pictures are kept, and when there is enough. Scorers of the pipeline that it does not look at only report.
/// </summary>
public interface IAcceptance
{
    /// <summary>The names of the scorers that it decides by; empty where it looks at no score.</summary>
    IReadOnlyList<string> Scorers { get; }

    /// <summary>What it does, for records.</summary>
    string Description { get; }

    /// <summary>Whether a picture takes the place of the one that is kept.</summary>
    /// <param name="before">The scores of the picture that is kept, one a scorer of the pipeline.</param>
    /// <param name="after">Its own.</param>
    bool Accepts(IReadOnlyList<NamedScore> before, IReadOnlyList<NamedScore> after);

    /// <summary>Whether the picture that is kept is good enough, so that an item's search ends; asked before each round.</summary>
    /// <param name="kept">Its scores.</param>
    bool IsEnough(IReadOnlyList<NamedScore> kept);
}
