using ImgAlign.ShapeWorld.Scenes;

namespace ImgAlign.ShapeWorld.Language;

/// <summary>What captions get wrong: what encoders are measured by, what the language model is asked about, and the noise in the base
/// model's training, which gives it its mistakes.</summary>
internal static class CaptionNoise
{
    /// <summary>Another scene that differs in one thing: a colour, a shape, the colours or shapes in exchange, or the relation.</summary>
    /// <param name="scene">The scene.</param>
    /// <param name="random">Where the choice comes from.</param>
    public static Scene Change(Scene scene, SceneRandom random)
    {
        ArgumentNullException.ThrowIfNull(scene);
        ArgumentNullException.ThrowIfNull(random);
        return Possible(scene, () => ChangeOnce(scene, random));
    }

    /// <summary>The same scene, or with a probability another one that differs in one thing.</summary>
    /// <param name="scene">The scene.</param>
    /// <param name="probability">How often it changes.</param>
    /// <param name="random">Where the choice comes from.</param>
    public static Scene Perhaps(Scene scene, double probability, SceneRandom random)
    {
        ArgumentNullException.ThrowIfNull(random);
        return random.Uniform() < probability ? Change(scene, random) : scene;
    }

    /// <summary>Another scene that differs in one attribute: a colour or a shape of one object.</summary>
    /// <param name="scene">The scene.</param>
    /// <param name="random">Where the choice comes from.</param>
    public static Scene ChangeAttribute(Scene scene, SceneRandom random)
    {
        ArgumentNullException.ThrowIfNull(random);
        return Possible(scene, () => ChangeAttributeOnce(scene, isColor: random.Below(2) == 0, random));
    }

    /// <summary>Another scene with the same objects in other places.</summary>
    /// <param name="scene">The scene.</param>
    /// <param name="random">Where the choice comes from.</param>
    public static Scene Move(Scene scene, SceneRandom random) => Possible(scene, () => MoveOnce(scene, random));

    // The first of the drawn changes that can be shown and may be trained on.
    private static Scene Possible(Scene scene, Func<Scene> change)
    {
        while (true)
        {
            var changed = change();
            if (changed != scene && changed.First != changed.Second && MayFollow(scene, changed))
                return changed;
        }
    }

    // Captions of scenes that are never trained on would teach them, too.
    private static bool MayFollow(Scene scene, Scene changed) => scene.Group != SceneGroup.Trained || changed.Group == SceneGroup.Trained;

    private static Scene ChangeAttributeOnce(Scene scene, bool isColor, SceneRandom random) =>
        OnEither(
            scene,
            random,
            item =>
                isColor
                    ? item with
                    {
                        Color = Another<ShapeColor>((int)item.Color, SceneObject.Colors, random),
                    }
                    : item with
                    {
                        Shape = Another<ShapeKind>((int)item.Shape, SceneObject.Shapes, random),
                    }
        );

    private static Scene ChangeOnce(Scene scene, SceneRandom random) =>
        random.Below(5) switch
        {
            var attribute and < 2 => ChangeAttributeOnce(scene, isColor: attribute == 0, random),
            2 => scene.Recolored,
            3 => scene with
            {
                First = scene.First with { Shape = scene.Second.Shape },
                Second = scene.Second with { Shape = scene.First.Shape },
            },
            _ => MoveOnce(scene, random),
        };

    private static Scene MoveOnce(Scene scene, SceneRandom random) =>
        random.Below(3) switch
        {
            0 => scene.Flipped,
            1 => scene with { IsVertical = !scene.IsVertical },
            _ => scene.Flipped with { IsVertical = !scene.IsVertical },
        };

    private static Scene OnEither(Scene scene, SceneRandom random, Func<SceneObject, SceneObject> change) =>
        random.Below(2) == 0 ? scene with { First = change(scene.First) } : scene with { Second = change(scene.Second) };

    private static T Another<T>(int current, int count, SceneRandom random)
        where T : struct, Enum => (T)(object)((current + 1 + random.Below(count - 1)) % count);
}
