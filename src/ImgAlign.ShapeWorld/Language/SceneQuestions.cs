using ImgAlign.Scorers;
using ImgAlign.ShapeWorld.Scenes;

namespace ImgAlign.ShapeWorld.Language;

/// <summary>Questions about pictures that are answered by yes or no, in the words in which judges ask them (<see cref="VqaScorer"/>,
/// <see cref="SoftTifaScorer"/>).</summary>
internal static class SceneQuestions
{
    /// <summary>The answers.</summary>
    public const string Yes = "Yes",
        No = "No";

    /// <summary>All words of questions and answers.</summary>
    public static IReadOnlyList<string> Words { get; } =
    [.. $"{Yes} {No} Does this figure show Please answer yes or no Is there a the Answer in one word".Split(' ')];

    /// <summary>Whether a picture shows what a caption says, as VQAScore asks LLaVA-1.5.</summary>
    /// <param name="caption">The caption.</param>
    public static string Agreement(string caption) => $"Does this figure show \"{caption}\"? Please answer yes or no.";

    /// <summary>Whether a picture has a part, as Soft-TIFA asks.</summary>
    /// <param name="part">The question about the part.</param>
    public static string Part(PictureQuestion part) => GenEval2.Ask(part).Text;

    /// <summary>The parts of a scene, one after the other: either object, and their relation.</summary>
    /// <param name="scene">The scene.</param>
    public static IReadOnlyList<PictureQuestion> Parts(Scene scene)
    {
        ArgumentNullException.ThrowIfNull(scene);
        return [Presence(scene.First), Presence(scene.Second), Relation(scene)];
    }

    /// <summary>Whether an object is there.</summary>
    public static PictureQuestion Presence(SceneObject item) => new($"Is there a {item}?");

    /// <summary>Whether a scene's objects, which are there, stand as it says.</summary>
    public static PictureQuestion Relation(Scene scene) =>
        new($"Is the {scene.First} {(scene.IsVertical ? "above" : "left of")} the {scene.Second}?");
}
