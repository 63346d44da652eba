namespace ImgAlign;

/// <summary>What an alignment pipeline is made of beside its models, and what it records.</summary>
public sealed class AlignmentPipelineOptions : GenerationPipelineOptions
{
    /// <summary>Scorers of pictures; all are recorded, the first decides what is kept and when to stop.</summary>
    public IReadOnlyList<IImageScorer> Scorers { get; init; } = [];
}
