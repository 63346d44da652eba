using System.ComponentModel.DataAnnotations;

namespace ImgAlign.Scorers;

/// <summary>How VQAScore is asked for.</summary>
public sealed class VqaScoreOptions : JudgeOptions
{
    /// <summary>Whose formula.</summary>
    [EnumDataType(typeof(VqaFormula))]
    public VqaFormula Formula { get; set; }

    /// <summary>Another question, with <c>{}</c> in the prompt's place; null: the published one. Scores of different questions do not
    /// compare.</summary>
    [RegularExpression(@"[\s\S]*\{\}[\s\S]*", ErrorMessage = "{0} must have {{}} in the prompt's place.")]
    public string? Question { get; set; }

    /// <summary>What logits of tokens that have occurred are divided by (multiplied, if below 0); null: the published penalty, 1.05 for
    /// Qwen2.5-VL.</summary>
    [Range(0.01, 100)]
    public double? RepetitionPenalty { get; set; }
}
