using ImgAlign.Cli.Jobs;
using ImgAlign.DependencyInjection;
using Microsoft.Extensions.Configuration;

namespace ImgAlign.Cli.Align;

internal static partial class ModelConfiguration
{
    private const string PresetKey = $"{nameof(ImgAlignOptions.Pipeline)}:{nameof(PipelineOptions.Preset)}";

    /// <summary>The part of a configuration that samples of the base model depend on.</summary>
    public static IConfigurationSection OfSamples(IConfigurationSection configuration) => Only(configuration, BackboneSections);

    /// <summary>The part of a configuration that rounds depend on, whatever decides about their pictures.</summary>
    public static IConfigurationSection OfRounds(IConfigurationSection configuration) =>
        Only(configuration, [.. BackboneSections, .. DetectorSections, ModelServices.AlignerSection]);

    private static IConfigurationSection Only(IConfigurationSection configuration, IEnumerable<string> sections)
    {
        var kept = sections.Append(ModelServices.ShapeWorldSection).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return SettingsFile.ToSection(
            RecordJson
                .Values(configuration)
                .Where(pair => !pair.Key.Contains(':') || kept.Contains(pair.Key.Split(':')[0]) || IsChoice(pair.Key))
                .ToDictionary(),
            configuration.Key
        );
    }

    // Which models run, and with which preset.
    private static bool IsChoice(string key) =>
        new[] { BackboneKey, DetectorKey, PresetKey }.Contains(key, StringComparer.OrdinalIgnoreCase);
}
