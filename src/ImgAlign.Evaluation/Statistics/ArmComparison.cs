namespace ImgAlign.Evaluation;

/// <summary>An arm compared with another by one scorer.</summary>
public sealed class ArmComparison
{
    internal ArmComparison(EvaluationArm arm, EvaluationArm baseline, string scorer, PairedComparison scores, double correctedPValue) =>
        (Arm, Baseline, Scorer, Scores, CorrectedPValue) = (arm, baseline, scorer, scores, correctedPValue);

    /// <summary>The arm in question.</summary>
    public EvaluationArm Arm { get; }

    /// <summary>What it is compared with.</summary>
    public EvaluationArm Baseline { get; }

    /// <summary>The scorer.</summary>
    public string Scorer { get; }

    /// <summary>The comparison, over the prompts of which both arms have all pictures and scores.</summary>
    public PairedComparison Scores { get; }

    /// <summary>The p-value, corrected for the number of all comparisons of the evaluation (Holm).</summary>
    public double CorrectedPValue { get; }

    /// <summary>Whether both cost as many generations.</summary>
    public bool IsComputeMatched => Arm.Generations == Baseline.Generations;
}
