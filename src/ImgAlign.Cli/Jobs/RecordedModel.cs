using ImgAlign.Backbones;
using ImgAlign.Cli.Align;
using ImgAlign.Hub;

namespace ImgAlign.Cli.Jobs;

/// <summary>The diffusion model of a record: the file or the repository that its network is of.</summary>
/// <param name="Name">Its name without folders and ending.</param>
/// <param name="Hash">The file's SHA-256; null: it is no single file, or its repository tells.</param>
internal sealed record RecordedModel(string Name, string? Hash)
{
    private const string Sha256 = "sha256:";

    // Another network goes before that of the whole model.
    private static readonly string[] Keys =
    [
        .. from key in new[] { nameof(SdxlOptions.UNetPath), nameof(FluxOptions.TransformerPath), nameof(SdxlOptions.ModelPath) }
        from section in ModelConfiguration.BackboneSections
        select $"{section}:{key}",
    ];

    /// <summary>Finds it.</summary>
    /// <param name="configuration">The values of the configuration by their keys.</param>
    /// <param name="sources">Where the files came from, by the same keys.</param>
    public static RecordedModel Of(IReadOnlyDictionary<string, string?> configuration, IReadOnlyDictionary<string, string> sources)
    {
        if (Keys.FirstOrDefault(key => configuration.GetValueOrDefault(key) is not null) is not { } key)
            return new("ShapeWorld", null);
        var source = sources.GetValueOrDefault(key, "");
        return new(
            Path.GetFileNameWithoutExtension(NameOf(HubReference.TryParse(source, out _) ? source : configuration[key]!)),
            source.StartsWith(Sha256, StringComparison.Ordinal) ? source[Sha256.Length..] : null
        );
    }

    /// <summary>What a path or a name of the hub may be called anywhere: the file or folder, or the repository.</summary>
    public static string NameOf(string path) =>
        HubReference.TryParse(path, out var reference) && !Path.Exists(path)
            ? reference.Path ?? reference.Repository
            : Path.GetFileName(Path.TrimEndingDirectorySeparator(path));
}
