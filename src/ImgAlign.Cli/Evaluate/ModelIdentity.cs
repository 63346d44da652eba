using ImgAlign.Cli.Align;
using ImgAlign.Cli.Hub;
using ImgAlign.Cli.Jobs;
using ImgAlign.DependencyInjection;
using ImgAlign.Hub;
using ImgAlign.ShapeWorld.Models;
using Microsoft.Extensions.Configuration;

namespace ImgAlign.Cli.Evaluate;

/// <summary>
/// What pictures and scores depend on of a configuration: its values, and in the place of each path a hash of the files there, so that
/// models that were moved are the same, and others under the same name are not.
/// </summary>
/// <param name="configuration">From <see cref="ModelConfiguration"/>.</param>
internal sealed class ModelIdentity(IConfigurationSection configuration)
{
    private const string PresetKey = $"{nameof(ImgAlignOptions.Pipeline)}:{nameof(PipelineOptions.Preset)}";

    private readonly IReadOnlyDictionary<string, string> sources = NamedModels.Sources(configuration);
    private readonly IReadOnlyDictionary<string, string?> values = RecordJson.Values(configuration);

    /// <summary>Of the base model, with the preset that its pipelines have.</summary>
    public string OfBackbone() =>
        $"{World()}{Of([.. ModelConfiguration.BackboneSections])}"
        + (values.GetValueOrDefault(PresetKey) is { } preset ? $"\n{PresetKey}={preset}" : "");

    /// <summary>Of detector and aligner.</summary>
    public string OfAlignment() =>
        Of([.. ModelConfiguration.DetectorSections, ModelServices.AlignerSection, ModelServices.ShapeWorldSection]);

    /// <summary>Of a scorer.</summary>
    /// <param name="name">The name that it is registered by.</param>
    public string OfScorer(string name) =>
        $"{name}\n{(ScorerArguments.SectionOf(name) is { } section ? Of([section]) : World())}"
        + (ScorerArguments.IsJudged(name) ? $"\n{World()}{OfAlignment()}" : "");

    // The values at the top say how everything is computed.
    private string Of(IReadOnlyList<string> sections) =>
        string.Join(
            '\n',
            from value in values
            let parts = value.Key.Split(':')
            where parts.Length == 1 || sections.Contains(parts[0], StringComparer.OrdinalIgnoreCase)
            where RecordedRun.IsOfPicture(value.Key)
            select $"{value.Key}={Text(value.Key, value.Value!)}"
        );

    private string World()
    {
        if (!ModelServices.IsShapeWorld(configuration))
            return "";
        var path = values.GetValueOrDefault($"{ModelServices.ShapeWorldSection}:{nameof(ShapeWorldOptions.Path)}");
        return $"{NamedModels.OfFolder(path ?? WorldFolder.Embedded.Root, new FileHashes())}\n";
    }

    private string Text(string key, string value) => sources.GetValueOrDefault(key, value);
}
