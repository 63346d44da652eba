namespace ImgAlign.Running;

/// <summary>One item of an alignment, between its rounds.</summary>
/// <param name="index">Its position in the request, from 0.</param>
/// <param name="item">What was asked for.</param>
internal sealed class AlignmentState(int index, AlignmentItem item)
{
    private readonly List<AlignmentRound> rounds = [];
    private RgbImage? baseImage = item.Image;
    private IReadOnlyList<NamedScore> baseScores = [];

    /// <summary>Its position in the request, from 0.</summary>
    public int Index => index;

    /// <summary>What was asked for.</summary>
    public AlignmentItem Item => item;

    /// <summary>The picture that was kept last.</summary>
    public RgbImage Image { get; private set; } = item.Image!;

    /// <summary>Its scores, one a scorer.</summary>
    public IReadOnlyList<NamedScore> Scores { get; private set; } = [];

    /// <summary>The rounds so far.</summary>
    public IReadOnlyList<AlignmentRound> Rounds => rounds;

    /// <summary>Whether its last round was its last.</summary>
    public bool IsOver { get; private set; }

    /// <summary>The picture that the first round starts from.</summary>
    public void Begin(RgbImage image) => Image = baseImage = image;

    /// <summary>Its scores.</summary>
    public void Begin(IReadOnlyList<NamedScore> scores) => Scores = baseScores = scores;

    /// <summary>A round is over.</summary>
    public void EndRound(AlignmentRound round, bool isLast)
    {
        rounds.Add(round);
        if (round.Accepted) (Image, Scores) = (round.Image, round.Scores);
        IsOver = isLast;
    }

    /// <summary>What became of it.</summary>
    /// <param name="size">The size of its pictures.</param>
    public AlignedItem ToResult(ImageSize size) => new() { Item = item with { Size = size }, BaseImage = baseImage!, BaseScores = baseScores, Rounds = rounds };
}
