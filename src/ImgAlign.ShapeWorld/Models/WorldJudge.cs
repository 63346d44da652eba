using ImgAlign.Runtime;
using ImgAlign.ShapeWorld.Language;
using ImgAlign.ShapeWorld.Scenes;

namespace ImgAlign.ShapeWorld.Models;

/// <summary>
/// The exact evaluator: 1 for a picture that shows its prompt's scene with both colours, both shapes, the relation and no further object,
/// and 0 for any other. It measures pixels and has no part that is trained, so that it can report on what is.
/// </summary>
/// <param name="runtime">The device whose thread it runs on.</param>
public sealed class WorldJudge(DeviceRuntime runtime) : IImageScorer
{
    /// <inheritdoc/>
    public string Name => "exact evaluator";

    /// <inheritdoc/>
    public DeviceRuntime Runtime { get; } = runtime;

    /// <inheritdoc/>
    public IReadOnlyList<double> Score(IReadOnlyList<RgbImage> images, IReadOnlyList<string> prompts) =>
        [.. images.Zip(prompts, static (image, prompt) => SceneEvaluator.Judge(image, Captions.Read(prompt)).IsRight ? 1.0 : 0)];

    /// <summary>There is nothing to free.</summary>
    public void Dispose() { }
}
