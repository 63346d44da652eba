using ImgAlign.Cli.Hub;
using Microsoft.Extensions.Configuration;

namespace ImgAlign.Cli.Jobs;

/// <summary>The models of a run as its records name them: found once, when the first record is made.</summary>
/// <param name="configuration">The models and how they ran, as configured.</param>
internal sealed class RecordedModels(IConfigurationSection configuration)
{
    private readonly Lazy<IReadOnlyDictionary<string, string?>> values = new(() => RecordJson.Values(configuration));
    private readonly Lazy<IReadOnlyDictionary<string, string>> sources = new(() => NamedModels.Sources(configuration));

    /// <summary>The values of the configuration by their keys.</summary>
    public IReadOnlyDictionary<string, string?> Configuration => values.Value;

    /// <summary>Where the files came from; reads those whose hashes are not known yet.</summary>
    public IReadOnlyDictionary<string, string> Sources => sources.Value;
}
