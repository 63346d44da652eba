namespace ImgAlign.Scorers;

/// <summary>Formulas of VQAScore.</summary>
public enum VqaFormula
{
    /// <summary>That of VQAScore's authors (t2v_metrics): LLaVA-1.5's as in their version 3.0, Qwen's as in 3.1.</summary>
    VqaScore,

    /// <summary>That of GenEval 2: the sum over four ways of writing "yes". Its judge is Qwen3-VL-8B.</summary>
    GenEval2,
}
