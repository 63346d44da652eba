using ImgAlign.ShapeWorld.Scenes;

namespace ImgAlign.ShapeWorld.Language;

/// <summary>A prompt of the world that no training has seen.</summary>
public sealed class WorldPrompt
{
    private WorldPrompt(Scene scene, string prompt, string category) =>
        (Prompt, Category, Questions) = (prompt, category, SceneQuestions.Parts(scene));

    /// <summary>What the picture should show.</summary>
    public string Prompt { get; }

    /// <summary>What of it was trained on: "trained scene", "held-out composition" or "held-out pair".</summary>
    public string Category { get; }

    /// <summary>Questions about its parts, which a right picture answers with yes: either object, and their relation.</summary>
    public IReadOnlyList<PictureQuestion> Questions { get; }

    // Apart from all seeds of training and of the stages' measurements.
    private const long PromptSeed = 0x0E7A1;

    /// <summary>Draws prompts, a third of each category.</summary>
    /// <param name="count">How many.</param>
    /// <param name="seed">The same seed draws the same prompts.</param>
    public static IReadOnlyList<WorldPrompt> Draw(int count, long seed)
    {
        var groups = Enum.GetValues<SceneGroup>();
        return
        [
            .. Enumerable
                .Range(0, count)
                .Select(index =>
                {
                    var random = new SceneRandom(PromptSeed + seed, index);
                    var scene = Scene.Draw(random, groups[index % groups.Length]);
                    return new WorldPrompt(scene, Captions.Write(scene, random), Name(scene.Group));
                }),
        ];
    }

    private static string Name(SceneGroup group) =>
        group switch
        {
            SceneGroup.Trained => "trained scene",
            SceneGroup.HeldOutComposition => "held-out composition",
            _ => "held-out pair",
        };
}
