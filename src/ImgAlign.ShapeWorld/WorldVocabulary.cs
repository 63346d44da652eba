using ImgAlign.ShapeWorld.Language;
using ImgAlign.ShapeWorld.Scenes;

namespace ImgAlign.ShapeWorld;

/// <summary>What ShapeWorld can draw, for whoever offers a choice: <c>a COLOR SHAPE RELATION a COLOR SHAPE</c>.</summary>
public static class WorldVocabulary
{
    /// <summary>The colours.</summary>
    public static IReadOnlyList<string> Colors { get; } = Captions.NamesOf<ShapeColor>();

    /// <summary>The shapes.</summary>
    public static IReadOnlyList<string> Shapes { get; } = Captions.NamesOf<ShapeKind>();

    /// <summary>How the first object lies to the second.</summary>
    public static IReadOnlyList<string> Relations => Captions.Relations;

    /// <summary>Whole prompts.</summary>
    public static IReadOnlyList<string> Examples => Captions.Examples;
}
