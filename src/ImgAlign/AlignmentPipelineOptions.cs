namespace ImgAlign;

/// <summary>What an alignment pipeline is made of beside its models, and what it records.</summary>
public sealed class AlignmentPipelineOptions : GenerationPipelineOptions
{
    /// <summary>Scorers of pictures; all are recorded.</summary>
    public IReadOnlyList<IImageScorer> Scorers { get; init; } = [];

    /// <summary>
    /// What decides which pictures are kept and when rounds end, unless a request says otherwise; null: a <see cref="ScoreGate"/> of the
    /// first scorer, or without scorers <see cref="AcceptAll"/>.
    /// </summary>
    public IAcceptance? Acceptance { get; init; }
}
