namespace ImgAlign;

/// <summary>What an alignment pipeline is made of beside its models, and what it records.</summary>
public sealed class AlignmentPipelineOptions : GenerationPipelineOptions
{
    /// <summary>Scorers of pictures; all are recorded.</summary>
    public IReadOnlyList<IImageScorer> Scorers { get; init; } = [];

    /// <summary>
    /// What decides which pictures are kept and when searches end, unless a request says otherwise; null: a <see cref="ScoreGate"/> of the
    /// first scorer, or without scorers <see cref="ScoreGate.Open"/>.
    /// </summary>
    public IAcceptance? Acceptance { get; init; }

    /// <summary>What budgets are spent on, unless a request says otherwise; null: <see cref="SearchPolicies.Rounds"/>.</summary>
    public ISearchPolicy? Policy { get; init; }

    /// <summary>The budget of requests that have neither <see cref="AlignmentRequest.Budget"/> nor
    /// <see cref="AlignmentRequest.Rounds"/>; null: one round.</summary>
    public int? Budget { get; init; }

    /// <summary>What corrects prompts for <see cref="SearchAction.Rewrite"/>; null: the detector's answer is put behind the
    /// prompt.</summary>
    public IPromptRewriter? Rewriter { get; init; }
}
