namespace ImgAlign.Testing.Kinds;

/// <summary>Scores in four numbers.</summary>
/// <param name="Mean">Their mean.</param>
/// <param name="StandardDeviation">Their standard deviation, by their number.</param>
/// <param name="Least">The least.</param>
/// <param name="Greatest">The greatest.</param>
internal readonly record struct ScoreSummary(double Mean, double StandardDeviation, double Least, double Greatest);
