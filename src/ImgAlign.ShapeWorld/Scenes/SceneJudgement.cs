namespace ImgAlign.ShapeWorld.Scenes;

/// <summary>What of a scene a picture shows as it should be.</summary>
/// <param name="FirstColor">The colour of the left or upper object.</param>
/// <param name="FirstShape">Its shape.</param>
/// <param name="SecondColor">The colour of the right or lower object.</param>
/// <param name="SecondShape">Its shape.</param>
/// <param name="Relation">The two are beside each other, or above each other, in the order asked for.</param>
/// <param name="ObjectCount">There are exactly two objects.</param>
internal readonly record struct SceneJudgement(
    bool FirstColor,
    bool FirstShape,
    bool SecondColor,
    bool SecondShape,
    bool Relation,
    bool ObjectCount
)
{
    /// <summary>The number of things that are right, from 0 to 6.</summary>
    public int Score => new[] { FirstColor, FirstShape, SecondColor, SecondShape, Relation, ObjectCount }.Count(static right => right);

    /// <summary>Whether both objects are right, wherever they are.</summary>
    public bool HasRightObjects => FirstColor && FirstShape && SecondColor && SecondShape;

    /// <summary>Whether everything is right.</summary>
    public bool IsRight => Score == 6;
}
