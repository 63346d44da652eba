using ImgAlign.Runtime;
using ImgAlign.ShapeWorld.Language;
using ImgAlign.ShapeWorld.Scenes;

namespace ImgAlign.ShapeWorld.Models;

/// <summary>
/// The exact evaluator: 1 for a picture that shows its prompt's scene with both colours, both shapes, the relation and no further object,
/// and 0 for any other. It measures pixels and has no part that is trained, so that it can report on what is.
/// </summary>
/// <param name="runtime">The device whose thread it runs on.</param>
/// <param name="ofObjects">Whether it looks at the two objects only, and not at which is where; its name is then
/// <c>exact evaluator of objects</c>.</param>
public sealed class WorldJudge(DeviceRuntime runtime, bool ofObjects = false) : IImageScorer
{
    /// <summary>The name in records of the one that looks at everything.</summary>
    public const string ScorerName = "exact evaluator";

    /// <inheritdoc/>
    public string Name => ofObjects ? ScorerName + " of objects" : ScorerName;

    /// <inheritdoc/>
    public DeviceRuntime Runtime { get; } = runtime;

    /// <inheritdoc/>
    public IReadOnlyList<double> Score(IReadOnlyList<RgbImage> images, IReadOnlyList<string> prompts) =>
        [.. images.Zip(prompts, (image, prompt) => IsRight(SceneEvaluator.Judge(image, Captions.Read(prompt))) ? 1.0 : 0)];

    /// <summary>There is nothing to free.</summary>
    public void Dispose() { }

    private bool IsRight(SceneJudgement judgement) => ofObjects ? judgement.HasRightObjects : judgement.IsRight;
}
