using ImgAlign.Hub;
using ImgAlign.Recipes;
using Microsoft.Extensions.Configuration;

namespace ImgAlign.DependencyInjection;

/// <summary>All models of a recipe at once.</summary>
public static class RecipeBuilderExtensions
{
    /// <summary>Registers the models of a recipe that comes with the library, from the hub's cache. Nothing is downloaded: <c>imgalign
    /// pull</c> does that.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="name">The recipe, such as <c>sdxl</c>.</param>
    /// <param name="scorers">Scorers that it is to have as well, such as <c>pickscore</c>.</param>
    /// <exception cref="ImgAlignException">There is no such recipe or scorer, or the cache does not have all of its models.</exception>
    public static ImgAlignBuilder UseRecipe(this ImgAlignBuilder builder, string name, params IEnumerable<string> scorers) =>
        builder.UseRecipe(RecipeBook.BuiltIn.Find(name, scorers), new HubCache());

    /// <summary>The same, with a recipe and a cache of one's own.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="recipe">The recipe.</param>
    /// <param name="cache">The cache that holds its models.</param>
    /// <exception cref="ImgAlignException">The cache does not have all of its models.</exception>
    public static ImgAlignBuilder UseRecipe(this ImgAlignBuilder builder, Recipe recipe, HubCache cache)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(recipe);
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(recipe.Locate(cache)).Build();
        if (Section("Sdxl") is { } sdxl)
            builder.UseSdxl(sdxl);
        if (Section("Flux") is { } flux)
            builder.UseFlux(flux);
        if (Section("ZImage") is { } zImage)
            builder.UseZImage(zImage);
        if (Section("Llava") is { } llava)
            builder.UseLlava(llava);
        if (Section("Qwen") is { } qwen)
            builder.UseQwen(qwen);
        if (Section("Qwen3Vl") is { } qwen3Vl)
            builder.UseQwen3Vl(qwen3Vl);
        if (Section("Aligner") is { } aligner)
            builder.UseAligner(aligner);
        return builder.UseScorers(configuration);

        IConfigurationSection? Section(string name) => configuration.GetSection(name) is var section && section.Exists() ? section : null;
    }
}
