namespace ImgAlign.Scorers.Means;

/// <summary>A line of GenEval's <c>results.jsonl</c>.</summary>
/// <param name="Tag">The task.</param>
/// <param name="Correct">Whether the picture shows what it should.</param>
/// <param name="Metadata">The prompt's own line; texts of prompts may repeat under another tag.</param>
public sealed record GenEvalImage(string Tag, bool Correct, string Metadata);
