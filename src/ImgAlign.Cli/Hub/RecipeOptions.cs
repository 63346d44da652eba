using System.CommandLine;
using ImgAlign.Recipes;

namespace ImgAlign.Cli.Hub;

/// <summary>The options that name recipes.</summary>
internal static class RecipeOptions
{
    public static Option<string?> CreateRecipes() =>
        new("--recipes") { Description = "A JSON file with recipes, in place of those that come with the tool." };

    public static RecipeBook Book(string? file) => file is null ? RecipeBook.BuiltIn : RecipeBook.Read(Path.GetFullPath(file));
}
