using System.ComponentModel.DataAnnotations;

namespace ImgAlign.Scorers;

/// <summary>How Soft-TIFA is computed.</summary>
public sealed class SoftTifaOptions : JudgeOptions
{
    /// <summary>Which mean of the questions' probabilities is the score.</summary>
    [EnumDataType(typeof(SoftTifaMean))]
    public SoftTifaMean Mean { get; set; }

    /// <summary>
    /// Whether the judge draws questions from a prompt for which none are given, by the instructions of the Davidsonian Scene Graph (Cho et
    /// al., 2024). Records say which questions were drawn. Otherwise such a prompt is an error.
    /// </summary>
    public bool DrawQuestions { get; set; }

    /// <summary>What logits of tokens that have occurred are divided by (multiplied, if below 0); 1, as GenEval 2's judge has it: nothing
    /// happens.</summary>
    [Range(0.01, 100)]
    public double RepetitionPenalty { get; set; } = 1;
}
