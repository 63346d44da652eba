using ImgAlign.Checkpoints;
using ImgAlign.Hub;

namespace ImgAlign.Recipes;

/// <summary>One repository of a recipe.</summary>
public sealed class RecipeModel
{
    /// <summary>The repository and its revision.</summary>
    public required HubReference Reference { get; init; }

    /// <summary>Which of its files; those that a model needs unless the recipe names patterns.</summary>
    public HubFilter Files { get; init; } = ModelFiles.Filter;

    /// <summary>Its licence as the recipe knows it; the hub's answer comes first.</summary>
    public string? License { get; init; }

    /// <summary>Keys of the section <c>ImgAlign</c>, such as <c>Sdxl:ModelPath</c>, and the path in the repository that each stands for;
    /// empty for all of it.</summary>
    public required IReadOnlyDictionary<string, string> Settings { get; init; }
}
