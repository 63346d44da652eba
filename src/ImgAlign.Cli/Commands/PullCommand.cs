using System.CommandLine;
using System.Globalization;
using ImgAlign.Cli.Hub;
using ImgAlign.Hub;
using ImgAlign.Recipes;
using Spectre.Console;

namespace ImgAlign.Cli.Commands;

/// <summary><c>imgalign pull WHAT</c>: fetches a repository of the hub, a file of one, or all models of a recipe.</summary>
internal static class PullCommand
{
    public static Command Create(Terminal terminal)
    {
        var what = new Argument<string>("what")
        {
            Description = "A recipe such as sdxl, or owner/name[@revision][:path]; a dataset is datasets/owner/name.",
        };
        var include = new Option<string[]>("--include")
        {
            Description = "A pattern of the files to fetch, such as 'unet/*'; any number of them.",
        };
        var exclude = new Option<string[]>("--exclude") { Description = "A pattern of the files to leave out; several may be given." };
        var recipes = RecipeOptions.CreateRecipes();
        var scorers = RecipeOptions.CreateScorers();
        var dryRun = new Option<bool>("--dry-run") { Description = "Say what would be fetched, and fetch nothing." };
        var yes = new Option<bool>("--yes") { Description = "Do not ask whether the terms of a gated repository have been accepted." };
        var command = new Command("pull", "Fetch models from the hub into its cache. The last line on standard output is where they lie.")
        {
            what,
            include,
            exclude,
            recipes,
            scorers,
            dryRun,
            yes,
        };
        command.SetAction(
            async (parsed, token) =>
            {
                using var client = new HubClient();
                var fetch = new HubFetch(client, terminal);
                var wishes = Wishes(
                    parsed.GetRequiredValue(what),
                    parsed.GetValue(include) ?? [],
                    parsed.GetValue(exclude) ?? [],
                    parsed.GetValue(recipes),
                    parsed.GetValue(scorers) ?? [],
                    terminal.Out
                );
                var plans = await fetch.PlanAsync(wishes, terminal.Out, token);
                if (parsed.GetValue(dryRun))
                    return 0;
                HubPlan[] gated = [.. plans.Where(plan => plan.IsGated && plan.Missing.Count > 0)];
                if (gated.Length > 0 && !parsed.GetValue(yes))
                {
                    var names = string.Join(", ", gated.Select(plan => plan.Reference.Repository));
                    await fetch.ConfirmAsync($"Have the terms of {names} been accepted, and are they agreed to?", token);
                }
                foreach (var snapshot in await fetch.DownloadAsync(plans, token))
                    terminal.Out.WriteText(snapshot.Path);
                return 0;
            }
        );
        return command;
    }

    /// <summary>What is to be fetched; where that is a recipe, it is described first.</summary>
    private static IReadOnlyList<HubWish> Wishes(
        string what,
        string[] include,
        string[] exclude,
        string? recipes,
        string[] scorers,
        IAnsiConsole output
    )
    {
        var isFiltered = include.Length + exclude.Length > 0;
        if (HubReference.TryParse(what, out var reference))
        {
            if (isFiltered && reference.Path is not null)
                throw new ImgAlignException($"{what} is one file: give --include and --exclude with a repository.");
            if (recipes is not null || scorers.Length > 0)
                throw new ImgAlignException($"{what} is no recipe: give --recipes and --scorer with the name of one.");
            return [new HubWish(reference, new HubFilter(include, exclude))];
        }
        if (isFiltered)
            throw new ImgAlignException("A recipe says itself which files it needs: give --include and --exclude with a repository.");
        var book = RecipeOptions.Book(recipes);
        var recipe = book.Find(what, scorers);
        output.WriteText($"{recipe.Name}: {recipe.About}");
        foreach (var (policy, gigabytes) in recipe.MemoryGigabytes)
            output.WriteText(
                string.Create(CultureInfo.InvariantCulture, $"memory in 16 bits with --residency {policy}: {gigabytes:0.#} GB")
            );
        foreach (var scorer in book.Scorers.Where(scorer => !scorers.Contains(scorer.Name)))
            output.WriteText($"with --scorer {scorer.Name}, not fetched otherwise: {scorer.About}");
        return [.. recipe.Models.Select(model => new HubWish(model.Reference, model.Files, model.License))];
    }
}
