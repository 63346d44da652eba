namespace ImgAlign;

/// <summary>A picture of an item's search is drawn and judged.</summary>
/// <param name="item">The item's position in the request, from 0.</param>
/// <param name="candidate">The picture, and whether it is kept.</param>
public sealed class CandidateReady(int item, Candidate candidate) : RunUpdate
{
    /// <summary>The item's position in the request, from 0.</summary>
    public int Item { get; } = item;

    /// <summary>The picture, and whether it is kept.</summary>
    public Candidate Candidate { get; } = candidate;
}
