using ImgAlign.Evaluation.Running;

namespace ImgAlign.Evaluation.Statistics;

/// <summary>The scores of an arm by one scorer, one a prompt: the mean over its pictures.</summary>
internal sealed class ArmScores
{
    private readonly Dictionary<string, double> byPrompt;

    /// <summary>Takes the prompts of which no picture lacks a score.</summary>
    /// <param name="pictures">The arm's pictures.</param>
    /// <param name="scorer">The scorer.</param>
    public ArmScores(IEnumerable<EvaluatedPicture> pictures, string scorer) =>
        byPrompt = pictures
            .GroupBy(static picture => picture.Item.Prompt.Id)
            .Where(prompt => prompt.All(picture => picture.Scores.ContainsKey(scorer)))
            .ToDictionary(static prompt => prompt.Key, prompt => prompt.Average(picture => picture.Scores[scorer]));

    /// <summary>How many prompts have a score.</summary>
    public int Count => byPrompt.Count;

    /// <summary>The mean over the prompts; not a number if there are none.</summary>
    public double Mean => byPrompt.Values.DefaultIfEmpty(double.NaN).Average();

    /// <summary>The bootstrap interval of <see cref="Mean"/>.</summary>
    public (double Low, double High) MeanInterval
    {
        get
        {
            double[] scores = [.. byPrompt.Values];
            return scores.Length == 0
                ? (double.NaN, double.NaN)
                : Resampling.Interval(Resampling.Draw(scores.Length).Select(places => places.Average(place => scores[place])));
        }
    }

    /// <summary>Compares with another arm, over the prompts that both have; null if there are none.</summary>
    public PairedComparison? CompareWith(ArmScores baseline)
    {
        string[] prompts = [.. byPrompt.Keys.Where(baseline.byPrompt.ContainsKey)];
        return prompts.Length == 0
            ? null
            : new PairedComparison(
                [.. prompts.Select(prompt => baseline.byPrompt[prompt])],
                [.. prompts.Select(prompt => byPrompt[prompt])],
                Resampling.Draw(prompts.Length)
            );
    }
}
