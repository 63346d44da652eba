namespace ImgAlign.ShapeWorld.Scenes;

/// <summary>What of a scene training sets have.</summary>
internal enum SceneGroup
{
    /// <summary>The scene itself.</summary>
    Trained,

    /// <summary>Its pair of objects, in other places only: a fifth of the places of those pairs.</summary>
    HeldOutComposition,

    /// <summary>Its objects, but never together: a fifth of all pairs.</summary>
    HeldOutPair,
}
