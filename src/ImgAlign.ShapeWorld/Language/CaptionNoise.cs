using ImgAlign.ShapeWorld.Scenes;

namespace ImgAlign.ShapeWorld.Language;

/// <summary>What captions get wrong: the hard negatives of the encoders, and the noise in the base model's training, which gives it its
/// mistakes.</summary>
internal static class CaptionNoise
{
    /// <summary>Another scene that differs in one thing: a colour, a shape, the colours or shapes in exchange, or the relation.</summary>
    /// <param name="scene">The scene.</param>
    /// <param name="random">Where the choice comes from.</param>
    public static Scene Change(Scene scene, SceneRandom random)
    {
        ArgumentNullException.ThrowIfNull(scene);
        ArgumentNullException.ThrowIfNull(random);
        while (true)
        {
            var changed = ChangeOnce(scene, random);
            if (changed != scene && changed.First != changed.Second)
                return changed;
        }
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

    private static Scene ChangeOnce(Scene scene, SceneRandom random) =>
        random.Below(5) switch
        {
            0 => OnEither(scene, random, item => item with { Color = Another<ShapeColor>((int)item.Color, SceneObject.Colors, random) }),
            1 => OnEither(scene, random, item => item with { Shape = Another<ShapeKind>((int)item.Shape, SceneObject.Shapes, random) }),
            2 => scene with
            {
                First = scene.First with { Color = scene.Second.Color },
                Second = scene.Second with { Color = scene.First.Color },
            },
            3 => scene with
            {
                First = scene.First with { Shape = scene.Second.Shape },
                Second = scene.Second with { Shape = scene.First.Shape },
            },
            _ => random.Below(3) switch
            {
                0 => scene.Flipped,
                1 => scene with { IsVertical = !scene.IsVertical },
                _ => scene.Flipped with { IsVertical = !scene.IsVertical },
            },
        };

    private static Scene OnEither(Scene scene, SceneRandom random, Func<SceneObject, SceneObject> change) =>
        random.Below(2) == 0 ? scene with { First = change(scene.First) } : scene with { Second = change(scene.Second) };

    private static T Another<T>(int current, int count, SceneRandom random)
        where T : struct, Enum => (T)(object)((current + 1 + random.Below(count - 1)) % count);
}
