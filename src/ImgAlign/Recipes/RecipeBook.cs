using System.Text.Json;
using System.Text.Json.Serialization;
using ImgAlign.Checkpoints;
using ImgAlign.Hub;

namespace ImgAlign.Recipes;

/// <summary>Recipes by name, from a JSON file whose form <c>recipes.schema.json</c> says.</summary>
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

    private RecipeBook(string source, Dictionary<string, Recipe> recipes)
    {
        this.source = source;
        this.recipes = recipes;
    }

    /// <summary>The recipes that come with the library.</summary>
    public static RecipeBook BuiltIn => OwnRecipes.Value;

    /// <summary>All recipes.</summary>
    public IEnumerable<Recipe> Recipes => recipes.Values;

    private string Names => string.Join(", ", recipes.Keys);

    /// <summary>The recipe with a name.</summary>
    /// <exception cref="ImgAlignException">There is none.</exception>
    public Recipe this[string name] => recipes.TryGetValue(name, out var recipe) ? recipe
        : throw new ImgAlignException($"There is no recipe '{name}' in {source}, which has {Names}; a repository is written owner/name.");

    /// <summary>Reads the recipes of a file.</summary>
    /// <exception cref="ImgAlignException">It cannot be read, or is not of the form.</exception>
    public static RecipeBook Read(string path)
    {
        if (!File.Exists(path)) throw new ImgAlignException($"{path}: there is no such file of recipes.");
        using var file = File.OpenRead(path);
        return Read(file, path);
    }

    private static RecipeBook Read(Stream file, string source)
    {
        try
        {
            var entries = JsonSerializer.Deserialize<Book>(file, Form)!.Recipes;
            return new RecipeBook(source, entries.ToDictionary(entry => entry.Key, entry => entry.Value.ToRecipe(entry.Key)));
        }
        catch (Exception e) when (e is JsonException or HubException)
        {
            throw new ImgAlignException($"{source}: {e.Message}", e);
        }
    }

    private sealed record Book(Dictionary<string, Entry> Recipes, [property: JsonPropertyName("$schema")] string? Schema = null);

    private sealed record Entry(string About, List<Model> Models, Dictionary<string, double>? MemoryGigabytes = null, Dictionary<string,
        string>? Settings = null)
    {
        public Recipe ToRecipe(string name) => new()
        {
            Name = name,
            About = About,
            Models = [.. Models.Select(model => model.ToRecipeModel())],
            MemoryGigabytes = MemoryGigabytes ?? [],
            Settings = Settings ?? [],
        };
    }

    private sealed record Model(
        string Repository, Dictionary<string, string> Settings, string Revision = "main", string? License = null,
            List<string>? Include = null, List<string>? Exclude = null)
    {
        public RecipeModel ToRecipeModel() => new()
        {
            Reference = HubReference.Parse(Repository).At(Revision),
            License = License,
            Settings = Settings,
            Files = Include is null && Exclude is null ? ModelFiles.Filter : new HubFilter(Include, Exclude),
        };
    }
}
