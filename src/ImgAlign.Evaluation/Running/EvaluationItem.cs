using ImgAlign.Sampling;

namespace ImgAlign.Evaluation.Running;

/// <summary>One picture of a prompt, which every arm makes.</summary>
/// <param name="Prompt">The prompt.</param>
/// <param name="Picture">Which of its pictures, from 0.</param>
internal sealed record EvaluationItem(EvaluationPrompt Prompt, int Picture)
{
    /// <summary>The seed of a sample: the prompt's, and then those that a search of this item would take.</summary>
    /// <param name="sample">Which one, from 0.</param>
    public long Seed(int sample) => sample == 0 ? Prompt.Seeds[Picture] : SeedSequence.OtherNoise(Prompt.Seeds[Picture], sample - 1);
}
