namespace ImgAlign.Scorers;

/// <summary>Means of the probabilities of several questions.</summary>
public enum SoftTifaMean
{
    /// <summary>The geometric mean, which one wrong answer pulls to 0: GenEval 2's official score.</summary>
    Geometric,

    /// <summary>The arithmetic mean: the share of what is right.</summary>
    Arithmetic,
}
