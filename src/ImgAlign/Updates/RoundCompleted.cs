namespace ImgAlign;

/// <summary>A round of one item is over.</summary>
/// <param name="item">The item's position in the request, from 0.</param>
/// <param name="round">The round.</param>
public sealed class RoundCompleted(int item, AlignmentRound round) : RunUpdate
{
    /// <summary>The item's position in the request, from 0.</summary>
    public int Item { get; } = item;

    /// <summary>The round.</summary>
    public AlignmentRound Round { get; } = round;
}
