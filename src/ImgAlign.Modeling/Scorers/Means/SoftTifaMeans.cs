namespace ImgAlign.Scorers.Means;

/// <summary>GenEval 2's Soft-TIFA over a data set (<c>evaluation.py</c>, <c>soft_tifa_analysis.py</c>), times 100.</summary>
/// <param name="prompts">One picture a prompt.</param>
public sealed class SoftTifaMeans(IReadOnlyList<SoftTifaPrompt> prompts)
{
    /// <summary>The mean of the prompts' arithmetic means.</summary>
    public double Arithmetic => 100 * prompts.Average(static prompt => prompt.Arithmetic);

    /// <summary>The mean of the prompts' geometric means: GenEval 2's score.</summary>
    public double Geometric => 100 * prompts.Average(static prompt => prompt.Geometric);

    /// <summary>The mean over all questions of a skill, of all prompts together.</summary>
    /// <param name="skill">The skill.</param>
    public double OfSkill(string skill) =>
        100
        * prompts
            .SelectMany(static prompt => prompt.Skills.Zip(prompt.Scores))
            .Where(pair => pair.First == skill)
            .Average(static pair => pair.Second);

    /// <summary>The mean of the geometric means of the prompts with a count of atoms.</summary>
    /// <param name="atomCount">The prompts' own count.</param>
    public double OfAtomCount(int atomCount) =>
        100 * prompts.Where(prompt => prompt.AtomCount == atomCount).Average(static prompt => prompt.Geometric);
}
