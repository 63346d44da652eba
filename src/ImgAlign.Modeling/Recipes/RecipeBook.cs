using System.Text.Json;
using System.Text.Json.Serialization;
using ImgAlign.Checkpoints;
using ImgAlign.Hub;

namespace ImgAlign.Recipes;

/// <summary>
/// Recipes by name, and scorers that any of them can have as well, from a JSON file whose form <c>recipes.schema.json</c> says.
/// </summary>
public sealed class RecipeBook
{
    private static readonly JsonSerializerOptions Form = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        ReadCommentHandling = JsonCommentHandling.Skip,
    };

    private static readonly Lazy<RecipeBook> OwnRecipes = new(() =>
    {
        using var file = typeof(RecipeBook).Assembly.GetManifestResourceStream("recipes.json")!;
        return Read(file, "recipes.json");
    });

    private readonly string source;
    private readonly Dictionary<string, Recipe> recipes;
    private readonly Dictionary<string, Recipe> scorers;

    private RecipeBook(string source, Dictionary<string, Recipe> recipes, Dictionary<string, Recipe> scorers)
    {
        this.source = source;
        this.recipes = recipes;
        this.scorers = scorers;
    }

    /// <summary>The recipes that come with the library.</summary>
    public static RecipeBook BuiltIn => OwnRecipes.Value;

    /// <summary>All recipes.</summary>
    public IEnumerable<Recipe> Recipes => recipes.Values;

    /// <summary>All scorers.</summary>
    public IEnumerable<Recipe> Scorers => scorers.Values;

    /// <summary>The recipe with a name.</summary>
    /// <exception cref="ImgAlignException">There is none.</exception>
    public Recipe this[string name] =>
        recipes.TryGetValue(name, out var recipe)
            ? recipe
            : throw new ImgAlignException(
                $"There is no recipe '{name}' in {source}, which has {Names(recipes)}; a repository is written owner/name."
            );

    /// <summary>The recipe with a name, with scorers beside its own models.</summary>
    /// <param name="name">The recipe.</param>
    /// <param name="scorers">The scorers.</param>
    /// <exception cref="ImgAlignException">There is no such recipe or scorer.</exception>
    public Recipe Find(string name, IEnumerable<string> scorers) =>
        scorers
            .Distinct()
            .Aggregate(
                this[name],
                (recipe, scorer) =>
                    recipe.With(
                        this.scorers.TryGetValue(scorer, out var found)
                            ? found
                            : throw new ImgAlignException($"There is no scorer '{scorer}' in {source}, which has {Names(this.scorers)}.")
                    )
            );

    /// <summary>Reads the recipes of a file.</summary>
    /// <exception cref="ImgAlignException">It cannot be read, or is not of the form.</exception>
    public static RecipeBook Read(string path)
    {
        if (!File.Exists(path))
            throw new ImgAlignException($"{path}: there is no such file of recipes.");
        using var file = File.OpenRead(path);
        return Read(file, path);
    }

    private static RecipeBook Read(Stream file, string source)
    {
        try
        {
            var book = JsonSerializer.Deserialize<Book>(file, Form)!;
            return new RecipeBook(source, ToRecipes(book.Recipes), ToRecipes(book.Scorers ?? []));
        }
        catch (Exception e) when (e is JsonException or HubException)
        {
            throw new ImgAlignException($"{source}: {e.Message}", e);
        }
    }

    private static Dictionary<string, Recipe> ToRecipes(Dictionary<string, Entry> entries) =>
        entries.ToDictionary(static entry => entry.Key, static entry => entry.Value.ToRecipe(entry.Key));

    private static string Names(Dictionary<string, Recipe> recipes) => recipes.Count == 0 ? "none" : string.Join(", ", recipes.Keys);

    private sealed record Book(
        Dictionary<string, Entry> Recipes,
        Dictionary<string, Entry>? Scorers = null,
        [property: JsonPropertyName("$schema")] string? Schema = null
    );

    private sealed record Entry(
        string About,
        List<Model> Models,
        Dictionary<string, double>? MemoryGigabytes = null,
        Dictionary<string, string>? Settings = null
    )
    {
        public Recipe ToRecipe(string name) =>
            new()
            {
                Name = name,
                About = About,
                Models = [.. Models.Select(model => model.ToRecipeModel())],
                MemoryGigabytes = MemoryGigabytes ?? [],
                Settings = Settings ?? [],
            };
    }

    private sealed record Model(
        string Repository,
        Dictionary<string, string> Settings,
        string Revision = "main",
        string? License = null,
        List<string>? Include = null,
        List<string>? Exclude = null
    )
    {
        public RecipeModel ToRecipeModel() =>
            new()
            {
                Reference = HubReference.Parse(Repository).At(Revision),
                License = License,
                Settings = Settings,
                Files = Include is null && Exclude is null ? ModelFiles.Filter : new HubFilter(Include, Exclude),
            };
    }
}
