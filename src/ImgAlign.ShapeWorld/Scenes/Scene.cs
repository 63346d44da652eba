namespace ImgAlign.ShapeWorld.Scenes;

/// <summary>
/// What a picture shows: two different objects beside each other or one above the other. There is one <see cref="Scene"/> for each meaning:
/// "a red circle left of a blue square" and "a blue square right of a red circle" are equal.
/// </summary>
/// <param name="First">The left or the upper object.</param>
/// <param name="Second">The right or the lower object.</param>
/// <param name="IsVertical">Whether the first is above the second, and not left of it.</param>
internal sealed record Scene(SceneObject First, SceneObject Second, bool IsVertical)
{
    // Pairs below this part of the hash's range are never trained on.
    private const double HeldOutPart = 0.2;

    /// <summary>Whether the pair of objects belongs to those that no training set has. A fifth of all pairs does, by a hash.</summary>
    public bool IsHeldOut
    {
        get
        {
            var pair = (uint)(Math.Min(First.Index, Second.Index) * SceneObject.Kinds + Math.Max(First.Index, Second.Index));
            return unchecked(pair * 2654435761u) / 4294967296.0 < HeldOutPart;
        }
    }

    /// <summary>The same objects in each other's places.</summary>
    public Scene Flipped => new(Second, First, IsVertical);

    /// <summary>Both objects and their relation, as in <c>red circle left of blue square</c>.</summary>
    public override string ToString() => $"{First} {(IsVertical ? "above" : "left of")} {Second}";

    /// <summary>Draws any scene.</summary>
    /// <param name="random">The stream to draw from.</param>
    public static Scene Draw(SceneRandom random)
    {
        ArgumentNullException.ThrowIfNull(random);
        var first = random.Below(SceneObject.Kinds);
        var second = (first + 1 + random.Below(SceneObject.Kinds - 1)) % SceneObject.Kinds;
        return new Scene(SceneObject.Of(first), SceneObject.Of(second), random.Below(2) == 1);
    }

    /// <summary>Draws a scene with a pair of objects that training sets have, or one that none has.</summary>
    /// <param name="random">The stream to draw from.</param>
    /// <param name="heldOut">Which of the two.</param>
    public static Scene Draw(SceneRandom random, bool heldOut)
    {
        while (true)
        {
            if (Draw(random) is var scene && scene.IsHeldOut == heldOut)
                return scene;
        }
    }
}
