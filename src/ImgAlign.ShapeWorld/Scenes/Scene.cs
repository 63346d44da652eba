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
    // Of five, for pairs of objects and for the places of a pair.
    private const int Parts = 5;

    /// <summary>What of it training sets have, by a hash of the pair of objects.</summary>
    public SceneGroup Group
    {
        get
        {
            var pair = (uint)(Math.Min(First.Index, Second.Index) * SceneObject.Kinds + Math.Max(First.Index, Second.Index));
            var hash = unchecked(pair * 2654435761u);
            if (hash < uint.MaxValue / Parts)
                return SceneGroup.HeldOutPair;
            // Of each pair's four places one is held out, and for every fifth pair none.
            var place = (First.Index < Second.Index ? 0 : 1) + (IsVertical ? 2 : 0);
            return (hash >> 8) % Parts == place ? SceneGroup.HeldOutComposition : SceneGroup.Trained;
        }
    }

    /// <summary>The same objects in each other's places.</summary>
    public Scene Flipped => new(Second, First, IsVertical);

    /// <summary>The same shapes with their colours exchanged; objects of one colour or shape are only exchanged, or stay.</summary>
    public Scene Recolored => new(First with { Color = Second.Color }, Second with { Color = First.Color }, IsVertical);

    /// <summary>Whether its objects differ in colour and in shape.</summary>
    public bool HasTwoColorsAndShapes => First.Color != Second.Color && First.Shape != Second.Shape;

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

    /// <summary>Draws a scene of a group.</summary>
    /// <param name="random">The stream to draw from.</param>
    /// <param name="group">The group.</param>
    public static Scene Draw(SceneRandom random, SceneGroup group)
    {
        while (true)
        {
            if (Draw(random) is var scene && scene.Group == group)
                return scene;
        }
    }
}
