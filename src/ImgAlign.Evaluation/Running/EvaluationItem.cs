namespace ImgAlign.Evaluation.Running;

/// <summary>One picture of a prompt, which every arm makes.</summary>
/// <param name="Prompt">The prompt.</param>
/// <param name="Picture">Which of its pictures, from 0.</param>
internal sealed record EvaluationItem(EvaluationPrompt Prompt, int Picture)
{
    // Far beyond the seeds that files of prompts give, so that no sample is another prompt's.
    private const long SampleStride = 1L << 32;

    /// <summary>The seed of a sample.</summary>
    /// <param name="sample">Which one, from 0.</param>
    public long Seed(int sample) => unchecked(Prompt.Seeds[Picture] + sample * SampleStride) & long.MaxValue;
}
