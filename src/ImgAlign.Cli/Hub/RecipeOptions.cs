using System.CommandLine;
using ImgAlign.Recipes;

namespace ImgAlign.Cli.Hub;

/// <summary>The options that name recipes.</summary>
internal static class RecipeOptions
{
    public static Option<string?> CreateRecipes() =>
        new("--recipes") { Description = "A JSON file with recipes, in place of those that come with the tool." };

    /// <summary>The recipe that <c>--recipe</c> names; null where it names none.</summary>
    /// <exception cref="ImgAlignException">There is no such recipe, or a file of recipes is given and none of them named.</exception>
    public static Recipe? Find(string? name, string? file)
    {
        if (name is not null) return Book(file)[name];
        return file is null ? null : throw new ImgAlignException("--recipes only says where --recipe is looked up; give --recipe as well, or leave it out.");
    }

    public static RecipeBook Book(string? file) => file is null ? RecipeBook.BuiltIn : RecipeBook.Read(Path.GetFullPath(file));
}
