using System.CommandLine;
using ImgAlign.Recipes;

namespace ImgAlign.Cli.Hub;

/// <summary>The options that name recipes.</summary>
internal static class RecipeOptions
{
    public static Option<string?> CreateRecipes() =>
        new("--recipes") { Description = "A JSON file with recipes, in place of those that come with the tool." };

    public static Option<string[]> CreateScorers() =>
        new("--scorer") { Description = "With a recipe, a scorer for it, such as pickscore; may be given several times." };

    /// <summary>The recipe that <c>--recipe</c> names; null where it names none.</summary>
    /// <param name="name">The recipe.</param>
    /// <param name="file">The file of recipes; null: those that come with the tool.</param>
    /// <param name="scorers">The scorers that it is to have as well.</param>
    /// <exception cref="ImgAlignException">There is no such recipe or scorer, or a file is given and none of its recipes named.</exception>
    public static Recipe? Find(string? name, string? file, IEnumerable<string> scorers)
    {
        if (name is not null)
            return Book(file).Find(name, scorers);
        return file is null
            ? null
            : throw new ImgAlignException("--recipes only says where --recipe is looked up; give --recipe as well, or leave it out.");
    }

    public static RecipeBook Book(string? file) => file is null ? RecipeBook.BuiltIn : RecipeBook.Read(Path.GetFullPath(file));
}
