namespace ImgAlign.Scorers.Means;

/// <summary>What a judge said to GenEval 2's questions about one picture.</summary>
/// <param name="AtomCount">The prompt's own count of atoms, which is not always the number of its questions.</param>
/// <param name="Skills">What each question is about, such as <c>count</c>.</param>
/// <param name="Scores">The probability of each question's answer.</param>
public sealed record SoftTifaPrompt(int AtomCount, IReadOnlyList<string> Skills, IReadOnlyList<double> Scores)
{
    /// <summary>Their arithmetic mean.</summary>
    public double Arithmetic => Scores.Average();

    /// <summary>Their geometric mean; 0 where one is 0.</summary>
    public double Geometric => SoftTifaScorer.GeometricMean(Scores);
}
