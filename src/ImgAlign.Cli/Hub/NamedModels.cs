using System.CommandLine;
using ImgAlign.Checkpoints;
using ImgAlign.Hub;
using ImgAlign.Scorers;
using Microsoft.Extensions.Configuration;

namespace ImgAlign.Cli.Hub;

/// <summary>The models that a command line or a file names by their names on the hub.</summary>
internal static class NamedModels
{
    /// <summary>The option that stands for the answer to the question.</summary>
    public static Option<bool> CreateYes() =>
        new("--yes") { Description = "Fetch models that are named by their names on the hub without asking." };

    /// <summary>Fetches those that the cache does not have, after saying their sizes and licences and asking.</summary>
    /// <exception cref="ImgAlignException">The answer is no, or there is nobody to ask.</exception>
    public static async Task FetchMissingAsync(
        IConfigurationSection configuration,
        bool yes,
        Terminal terminal,
        CancellationToken cancellationToken
    )
    {
        HubWish[] named = [.. Wishes(configuration)];
        if (named.Length == 0)
            return;
        using var client = new HubClient();
        HubWish[] missing = [.. named.Where(wish => client.Cache.TryFind(wish.Reference, wish.Files) is null)];
        if (missing.Length == 0)
            return;
        var fetch = new HubFetch(client, terminal);
        var plans = await fetch.PlanAsync(missing, terminal.Error, cancellationToken);
        if (!yes)
            await fetch.ConfirmAsync("Fetch this from the hub?", cancellationToken);
        await fetch.DownloadAsync(plans, cancellationToken);
    }

    /// <summary>Where each path that is set came from, so that the same can be had again: a name of the hub with its commit, or a file's
    /// SHA-256.</summary>
    public static IReadOnlyDictionary<string, string> Sources(IConfigurationSection configuration)
    {
        var hashes = new FileHashes();
        var sources = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, path) in Paths(configuration))
        {
            if (HubName.Find(path, FilesOf(key)) is { } snapshot)
                sources[key] = snapshot.Reference.At(snapshot.Commit).ToString();
            else if (File.Exists(path))
                sources[key] = $"sha256:{hashes.Sha256Of(path)}";
        }
        return sources;
    }

    private static IEnumerable<HubWish> Wishes(IConfigurationSection configuration) =>
        Paths(configuration)
            .Select(static setting =>
                HubName.TryRead(setting.Path, out var reference) ? new HubWish(reference, FilesOf(setting.Key)) : null
            )
            .OfType<HubWish>()
            .Distinct();

    // Of a model that lends its tokenizer, nothing else is needed.
    private static HubFilter FilesOf(string key) =>
        key.EndsWith(nameof(HpsOptions.TokenizerPath), StringComparison.OrdinalIgnoreCase) ? ModelFiles.Tokenizer : ModelFiles.Filter;

    private static IEnumerable<(string Key, string Path)> Paths(IConfigurationSection configuration) =>
        configuration
            .AsEnumerable(makePathsRelative: true)
            .Where(setting => setting.Key.EndsWith("Path", StringComparison.OrdinalIgnoreCase) && !string.IsNullOrEmpty(setting.Value))
            .Select(setting => (setting.Key, setting.Value!));
}
