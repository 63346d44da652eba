using ImgAlign.ShapeWorld.Scenes;

namespace ImgAlign.ShapeWorld.Evaluation;

/// <summary>One way to generate a picture for each prompt.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Generations">How often the base model runs for a picture.</param>
/// <param name="Images">The pictures.</param>
/// <param name="Judgements">What of each is right.</param>
internal sealed record EvaluationArm(string Name, int Generations, IReadOnlyList<RgbImage> Images, IReadOnlyList<SceneJudgement> Judgements)
{
    /// <summary>Which pictures are wholly right.</summary>
    public IReadOnlyList<bool> Right { get; } = [.. Judgements.Select(static judgement => judgement.IsRight)];
}
