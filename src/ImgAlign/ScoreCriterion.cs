namespace ImgAlign;

/// <summary>What one scorer says in a <see cref="ScoreGate"/>.</summary>
public sealed record ScoreCriterion
{
    /// <summary>The scorer's name.</summary>
    public required string Scorer { get; init; }

    /// <summary>A picture is better only if it scores higher by more than this; below 0, what is not much worse is enough.</summary>
    public double Margin { get; init; }

    /// <summary>The score that suffices: the search ends when the kept picture has it; null: none does.</summary>
    public double? Sufficient { get; init; }

    /// <summary>For a scorer that has a judge answer questions, the probability of the right answer from which on a question passes: the
    /// rounds end when all questions about the kept picture pass; null: they are not looked at.</summary>
    public double? SufficientAnswers { get; init; }
}
