using ImgAlign.ShapeWorld.Scenes;

namespace ImgAlign.ShapeWorld.Language;

/// <summary>A prompt of the world that no training has seen.</summary>
public sealed class WorldPrompt
{
    private WorldPrompt(string prompt, bool isHeldOut) => (Prompt, IsHeldOut) = (prompt, isHeldOut);

    /// <summary>What the picture should show.</summary>
    public string Prompt { get; }

    /// <summary>Whether its pair of objects was never trained on.</summary>
    public bool IsHeldOut { get; }

    // Apart from all seeds of training and of the stages' measurements.
    private const long PromptSeed = 0x0E7A1;

    /// <summary>Draws prompts, every second one with a held-out pair of objects.</summary>
    /// <param name="count">How many.</param>
    /// <param name="seed">The same seed draws the same prompts.</param>
    public static IReadOnlyList<WorldPrompt> Draw(int count, long seed) =>
        [
            .. Enumerable
                .Range(0, count)
                .Select(index =>
                {
                    var random = new SceneRandom(PromptSeed + seed, index);
                    var heldOut = index % 2 == 1;
                    return new WorldPrompt(Captions.Write(Scene.Draw(random, heldOut), random), heldOut);
                }),
        ];
}
