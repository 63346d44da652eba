using System.CommandLine;
using System.Security.Cryptography;
using System.Text;
using ImgAlign.Checkpoints;
using ImgAlign.Cli.Align;
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

    /// <summary>
    /// Where each path that is set came from, so that the same can be had again: a name of the hub with its commit, a file's SHA-256, or that
    /// of a folder (<see cref="OfFolder"/>). No path of this machine is among them.
    /// </summary>
    public static IReadOnlyDictionary<string, string> Sources(IConfigurationSection configuration)
    {
        var hashes = new FileHashes();
        var sources = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, path) in Paths(configuration))
        {
            if (HubName.Find(path, FilesOf(key)) is { } snapshot)
                sources[key] = snapshot.Reference.At(snapshot.Commit).ToString();
            else if (InCache(path) is { } reference)
                sources[key] = reference.ToString();
            else if (File.Exists(path))
                sources[key] = $"sha256:{hashes.Sha256Of(path)}";
            else if (Directory.Exists(path))
                sources[key] = $"folder-sha256:{OfFolder(path, hashes)}";
        }
        return sources;
    }

    /// <summary>SHA-256 of the names and the contents of all files of a folder.</summary>
    public static string OfFolder(string folder, FileHashes hashes)
    {
        var files = Directory
            .EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(file => (Name: Path.GetRelativePath(folder, file).Replace('\\', '/'), File: file))
            .OrderBy(static file => file.Name, StringComparer.Ordinal)
            .Select(file => $"{file.Name} {hashes.Sha256Of(file.File)}\n");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(files))));
    }

    // The name of a snapshot of the hub's cache, or of a file in one, that is given by its path: models--owner--name/snapshots/commit/...
    private static HubReference? InCache(string path)
    {
        var parts = Path.GetFullPath(path).Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries);
        var start = Array.FindLastIndex(parts, static part => part.StartsWith("models--", StringComparison.Ordinal));
        if (start < 0 || parts.Length < start + 3 || parts[start + 1] != "snapshots")
            return null;
        var (repository, commit) = (parts[start]["models--".Length..].Replace("--", "/", StringComparison.Ordinal), parts[start + 2]);
        var inside = string.Join('/', parts[(start + 3)..]);
        var isWhole = inside.Length == 0;
        return
            (isWhole || File.Exists(path))
            && HubReference.TryParse($"{repository}@{commit}{(isWhole ? "" : $":{inside}")}", out var reference)
            ? reference
            : null;
    }

    private static IEnumerable<HubWish> Wishes(IConfigurationSection configuration) =>
        Paths(configuration)
            .Select(static setting =>
                HubName.TryRead(setting.Path, out var reference) ? new HubWish(reference, FilesOf(setting.Key)) : null
            )
            .OfType<HubWish>()
            .Distinct();

    // Of a model that lends its tokenizer, nothing else is needed; nor are the weights of one whose others are taken.
    private static HubFilter FilesOf(string key) =>
        key.EndsWith(nameof(HpsOptions.TokenizerPath), StringComparison.OrdinalIgnoreCase) ? ModelFiles.Tokenizer
        : key.EndsWith(nameof(Hpsv3Options.BasePath), StringComparison.OrdinalIgnoreCase) ? ModelFiles.WithoutWeights
        : ModelFiles.Filter;

    private static IEnumerable<(string Key, string Path)> Paths(IConfigurationSection configuration) =>
        configuration
            .AsEnumerable(makePathsRelative: true)
            .Where(setting => SettingsFile.IsPath(setting.Key) && !string.IsNullOrEmpty(setting.Value))
            .Select(setting => (setting.Key, setting.Value!));
}
