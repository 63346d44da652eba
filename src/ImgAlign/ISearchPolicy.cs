namespace ImgAlign;

/// <summary>
/// Chooses what is tried next for an item: a pure function of what there is. It is not told the budget, so that the pictures of a small
/// budget are among those of a larger one. Whether a picture is kept, and when there is enough, <see cref="IAcceptance"/> decides.
/// </summary>
public interface ISearchPolicy
{
    /// <summary>Its name in records and settings.</summary>
    string Name { get; }

    /// <summary>The actions that it may propose.</summary>
    IReadOnlyList<SearchAction> Actions { get; }

    /// <summary>Whether it needs a detector and an aligner, since it does more than draw other noise.</summary>
    bool NeedsDetector => Actions.Any(static action => action != SearchAction.Resample);

    /// <summary>Whether it needs scores to choose by.</summary>
    bool NeedsScores { get; }

    /// <summary>The most pictures of an item that a round draws, as one batch.</summary>
    int Width { get; }

    /// <summary>What to try next; nothing ends the item's search.</summary>
    /// <param name="candidates">All pictures of the item so far, by their numbers; at least the first.</param>
    /// <param name="kept">The one that is kept.</param>
    /// <returns>
    /// Actions, each with the <see cref="Candidate.Number"/> of the picture that it is done to, in the order of preference; as many as
    /// <see cref="Width"/> and the budget allow are drawn.
    /// </returns>
    IEnumerable<(SearchAction Action, int Parent)> Next(IReadOnlyList<Candidate> candidates, Candidate kept);
}
