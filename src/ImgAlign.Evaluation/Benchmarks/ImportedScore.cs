namespace ImgAlign.Evaluation.Benchmarks;

/// <summary>A picture's score in a result file of an official evaluator.</summary>
/// <param name="Score">The score.</param>
/// <param name="Answers">The scores of the prompt's questions, in their order; null: the file has none.</param>
internal sealed record ImportedScore(double Score, IReadOnlyList<double>? Answers = null);
