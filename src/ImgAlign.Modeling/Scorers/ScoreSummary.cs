namespace ImgAlign.Scorers;

/// <summary>Scores in four numbers.</summary>
/// <param name="Mean">Their mean.</param>
/// <param name="StandardDeviation">Their standard deviation, by their number.</param>
/// <param name="Least">The least.</param>
/// <param name="Greatest">The greatest.</param>
public readonly record struct ScoreSummary(double Mean, double StandardDeviation, double Least, double Greatest);
