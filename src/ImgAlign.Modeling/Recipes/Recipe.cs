using ImgAlign.Hub;
using ImgAlign.Runtime;

namespace ImgAlign.Recipes;

/// <summary>
/// A set of models under one name, each from a repository of the hub: diffusion model, image prompt, detector and aligner, or one scorer.
/// </summary>
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
    /// <param name="cache">The cache.</param>
    /// <param name="unused">Sections below it, such as <c>Llava</c>, of models that are not needed.</param>
    /// <exception cref="ImgAlignException">The cache does not have all of the others.</exception>
    public IReadOnlyDictionary<string, string?> Locate(HubCache cache, IReadOnlyCollection<string>? unused = null)
    {
        ArgumentNullException.ThrowIfNull(cache);
        var settings = Settings.ToDictionary(pair => pair.Key, pair => (string?)pair.Value);
        foreach (var model in Models.Where(model => !model.Settings.Keys.All(key => unused?.Contains(key.Split(':')[0]) == true)))
        {
            var folder = FindIn(cache, model);
            foreach (var (key, path) in model.Settings)
                settings[key] = Path.Combine(folder, path.Replace('/', Path.DirectorySeparatorChar));
        }
        return settings;
    }

    /// <summary>The same recipe with a scorer.</summary>
    public Recipe With(Recipe scorer) =>
        this with
        {
            Name = $"{Name} --scorer {scorer.Name}",
            About = $"{About} {scorer.About}",
            MemoryGigabytes = MemoryGigabytes.ToDictionary(static need => need.Key, need => Together(need.Key, need.Value, scorer)),
            Models = [.. Models, .. scorer.Models],
            Settings = Settings.Concat(scorer.Settings).ToDictionary(),
        };

    // Only where all networks stay in memory, their needs add up.
    private static double Together(string policy, double own, Recipe scorer)
    {
        var more = scorer.MemoryGigabytes.GetValueOrDefault(policy);
        return policy == nameof(ResidencyPolicy.KeepAll) ? own + more : Math.Max(own, more);
    }

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
