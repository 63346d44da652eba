namespace ImgAlign.Scorers.Means;

/// <summary>T2I-CompBench's scores of a picture, and their roundings.</summary>
public static class CompBench
{
    /// <summary>The most noun chunks that the authors' script asks about.</summary>
    public const int MostChunks = 8;

    private const int Digits = 4;

    /// <summary>Colour, shape or texture (<c>BLIP_vqa.py</c>): a product over the prompt's noun chunks, in 32 bits as the authors
    /// have it.</summary>
    /// <param name="probabilities">P(yes) / (P(yes) + P(no)) of each chunk; none: 1.</param>
    /// <param name="mostChunks">The most chunks that count.</param>
    public static double Attribute(IReadOnlyList<double> probabilities, int mostChunks = MostChunks)
    {
        var factors = probabilities.Take(mostChunks).Select(static probability => (float)Math.Round(probability, Digits));
        return Math.Round(factors.Aggregate(1f, static (product, factor) => product * factor), Digits);
    }

    /// <summary>What a complex prompt is about (<c>3_in_1.py</c>); its score is the mean of the scores for these.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="spatialPrompts">The prompts that are about places, not about actions.</param>
    /// <param name="actionPrompts">The prompts that are about actions, not about places.</param>
    public static IReadOnlyList<CompAspect> AspectsOf(string prompt, IEnumerable<string> spatialPrompts, IEnumerable<string> actionPrompts)
    {
        var key = Key(prompt);
        return spatialPrompts.Any(other => Key(other) == key) ? [CompAspect.Attribute, CompAspect.Spatial]
            : actionPrompts.Any(other => Key(other) == key) ? [CompAspect.Attribute, CompAspect.Action]
            : [CompAspect.Attribute, CompAspect.Spatial, CompAspect.Action];
    }

    private static string Key(string prompt) => prompt.Split('.')[0].ToLowerInvariant();
}
