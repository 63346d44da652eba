namespace ImgAlign.Scorers.Means;

/// <summary>GenEval's summary (<c>evaluation/summary_scores.py</c>).</summary>
/// <param name="images">The lines of <c>results.jsonl</c>.</param>
public sealed class GenEvalMeans(IReadOnlyList<GenEvalImage> images)
{
    /// <summary>The unweighted mean of the tags' shares: GenEval's score.</summary>
    public double Overall => images.Select(static image => image.Tag).Distinct().Average(OfTag);

    /// <summary>The share of correct pictures.</summary>
    public double CorrectImages => images.Average(static image => image.Correct ? 1.0 : 0);

    /// <summary>The share of prompts with at least one correct picture.</summary>
    public double CorrectPrompts =>
        images.GroupBy(static image => image.Metadata).Average(static prompt => prompt.Any(static image => image.Correct) ? 1.0 : 0);

    /// <summary>The share of a tag's pictures that are correct.</summary>
    /// <param name="tag">The tag.</param>
    public double OfTag(string tag) => images.Where(image => image.Tag == tag).Average(static image => image.Correct ? 1.0 : 0);
}
