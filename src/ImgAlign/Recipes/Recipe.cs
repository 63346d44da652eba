using ImgAlign.Hub;
using Microsoft.Extensions.Configuration;

namespace ImgAlign.Recipes;

/// <summary>A complete set of models under one name: diffusion model, image prompt, detector and aligner, each from a repository of the
/// hub.</summary>
public sealed record Recipe
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>What it is, in one sentence.</summary>
    public required string About { get; init; }

    /// <summary>Memory of the device in GB (10^9 bytes) that it needs in 16 bits, for each residency policy that is known.</summary>
    public IReadOnlyDictionary<string, double> MemoryGigabytes { get; init; } = new Dictionary<string, double>();

    /// <summary>Its repositories.</summary>
    public required IReadOnlyList<RecipeModel> Models { get; init; }

    /// <summary>Further keys of the section <c>ImgAlign</c>.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>The section <c>ImgAlign</c> for its models, as they lie in a cache. Nothing is downloaded.</summary>
    /// <exception cref="ImgAlignException">The cache does not have all of them.</exception>
    public IReadOnlyDictionary<string, string?> Locate(HubCache cache)
    {
        ArgumentNullException.ThrowIfNull(cache);
        var settings = Settings.ToDictionary(pair => pair.Key, pair => (string?)pair.Value);
        foreach (var model in Models)
        {
            var folder = FindIn(cache, model);
            foreach (var (key, path) in model.Settings) settings[key] = Path.Combine(folder,
                path.Replace('/', Path.DirectorySeparatorChar));
        }
        return settings;
    }

    internal IConfigurationRoot Configuration(HubCache cache) => new ConfigurationBuilder().AddInMemoryCollection(Locate(cache)).Build();

    private string FindIn(HubCache cache, RecipeModel model)
    {
        try
        {
            return cache.Find(model.Reference, model.Files).Folder;
        }
        catch (HubException e)
        {
            throw new ImgAlignException($"Recipe {Name}: {e.Message} Fetch it with: imgalign pull {Name}", e);
        }
    }
}
