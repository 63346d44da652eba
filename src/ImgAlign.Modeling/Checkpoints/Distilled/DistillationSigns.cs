using System.Globalization;
using System.Text.RegularExpressions;
using ImgAlign.Hub;

namespace ImgAlign.Checkpoints;

/// <summary>Finds out whether a checkpoint was distilled to few steps: by its repository, its file name, its header, or its hash.</summary>
public static partial class DistillationSigns
{
    // What files say of themselves: the model specification's title, kohya's name, the name in a GGUF.
    private static readonly string[] Titles = ["modelspec.title", "ss_output_name", "general.name"];

    // The first that fits counts: names of special kinds hold those of the usual one.
    private static readonly (Regex Name, string Distillation, bool TellsSteps)[] Names =
    [
        (HyperFlux(), "hyper-flux", true),
        (HyperUNet(), "hyper-sdxl-unet", true),
        (HyperCfg(), "hyper-sdxl-cfg", true),
        (HyperSdxl(), "hyper-sdxl", true),
        (Lightning(), "lightning", true),
        (Dmd2(), "dmd2", true),
        (Lcm(), "lcm", false),
        (Turbo(), "sdxl-turbo", false),
        (Schnell(), "flux-schnell", false),
        (Krea(), "flux-krea", false),
    ];

    /// <summary>What name and header of a checkpoint tell; nothing of the weights is read.</summary>
    /// <param name="path">A file, a folder, or a name of the hub that is in the cache.</param>
    /// <returns>The signs; empty where there is none.</returns>
    public static IReadOnlyList<DistillationSign> Of(string path)
    {
        var located = HubName.Locate(path);
        var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(located));
        var repository = RepositoryOf(path, located);
        var isFile = File.Exists(located);
        var found =
            repository is null ? Read(name, $"the {(isFile ? "file" : "folder")} name {name}")
            : isFile ? Read($"{repository}/{name}", $"the repository {repository} and the file name {name}")
            : Read(repository, $"the repository {repository}");
        return [.. found is null ? [] : new[] { found }, .. OfHeader(located)];
    }

    /// <summary>What the hash of a published file tells, whatever it is called now. Reads the whole file where its hash is not known
    /// yet.</summary>
    /// <param name="path">A file, or a name of the hub that is in the cache.</param>
    /// <returns>The sign, or null where it is no file that is known here.</returns>
    public static DistillationSign? ByHash(string path)
    {
        var located = HubName.Locate(path);
        if (!File.Exists(located))
            return null;
        var hash = new FileHashes().Sha256Of(located);
        return PublishedHashes.TryGetValue(hash, out var known)
            ? new DistillationSign(known.Distillation, known.Steps, $"the SHA-256 {hash}")
            : null;
    }

    private static IEnumerable<DistillationSign> OfHeader(string path)
    {
        if (!File.Exists(path))
            return [];
        using var file = Checkpoint.Open(path);
        return
        [
            .. Titles
                .Where(file.Metadata.ContainsKey)
                .Select(key => Read(file.Metadata[key], $"the header's {key}, {file.Metadata[key]}"))
                .OfType<DistillationSign>(),
        ];
    }

    private static DistillationSign? Read(string name, string evidence)
    {
        var plain = Separators().Replace(name.ToLowerInvariant(), "-");
        foreach (var (pattern, distillation, tellsSteps) in Names)
        {
            if (pattern.IsMatch(plain))
                return new DistillationSign(distillation, tellsSteps ? StepsOf(plain) : null, evidence);
        }
        return null;
    }

    private static int? StepsOf(string name) =>
        StepCount().Match(name) is { Success: true } match
        && int.TryParse(match.Groups[1].Value, CultureInfo.InvariantCulture, out var steps)
            ? steps
            : null;

    // By its name on the hub, or because it lies in the hub's cache.
    private static string? RepositoryOf(string path, string located)
    {
        if (HubName.TryRead(path, out var reference))
            return reference.Repository;
        var folder = Path.GetFullPath(located).Split(Path.DirectorySeparatorChar).LastOrDefault(IsOfCache);
        return folder?["models--".Length..].Replace("--", "/", StringComparison.Ordinal);

        static bool IsOfCache(string folder) => folder.StartsWith("models--", StringComparison.Ordinal);
    }

    [GeneratedRegex(@"[\s_.]+")]
    private static partial Regex Separators();

    [GeneratedRegex(@"(?<!\d)(\d{1,2})-?s(teps?)?(?![a-z])")]
    private static partial Regex StepCount();

    [GeneratedRegex("hyper-?flux")]
    private static partial Regex HyperFlux();

    [GeneratedRegex("hyper-?sd-?xl.*unet")]
    private static partial Regex HyperUNet();

    [GeneratedRegex("hyper-?sd-?xl.*cfg")]
    private static partial Regex HyperCfg();

    [GeneratedRegex("hyper-?sd-?xl|hyper-sd$")]
    private static partial Regex HyperSdxl();

    [GeneratedRegex("lightning")]
    private static partial Regex Lightning();

    [GeneratedRegex(@"dmd-?2(?!\d)")]
    private static partial Regex Dmd2();

    [GeneratedRegex("(?<![a-z])lcm(?![a-z])")]
    private static partial Regex Lcm();

    [GeneratedRegex("xl.*turbo|turbo.*xl")]
    private static partial Regex Turbo();

    [GeneratedRegex("schnell")]
    private static partial Regex Schnell();

    [GeneratedRegex("(?<![a-z])krea(?![a-z])")]
    private static partial Regex Krea();
}
