using ImgAlign.Alignment;
using ImgAlign.Backbones;
using ImgAlign.DependencyInjection;
using ImgAlign.Detectors;

namespace ImgAlign.Cli.Jobs;

/// <summary>What the options of a configuration are where it does not say: a value that is written out is the same as none.</summary>
internal static class OptionDefaults
{
    private static readonly Dictionary<string, object> Sections = new(StringComparer.OrdinalIgnoreCase)
    {
        [""] = new ImgAlignOptions(),
        [nameof(ImgAlignOptions.Pipeline)] = new PipelineOptions(),
        ["Sdxl"] = new SdxlOptions(),
        ["Flux"] = new FluxOptions(),
        ["ZImage"] = new ZImageOptions(),
        ["Llava"] = new LlavaOptions(),
        ["Qwen"] = new QwenOptions(),
        ["Qwen3Vl"] = new Qwen3VlOptions(),
        ["Aligner"] = new AlignerOptions(),
    };

    /// <summary>Whether a value is its option's default.</summary>
    /// <param name="key">The key below the section <c>ImgAlign</c>.</param>
    /// <param name="value">The value as a text.</param>
    public static bool Contain(string key, string? value)
    {
        var parts = key.Split(':');
        return Sections.TryGetValue(string.Join(':', parts[..^1]), out var options)
            && options.GetType().GetProperty(parts[^1])?.GetValue(options) is { } standard
            && string.Equals(
                Convert.ToString(standard, System.Globalization.CultureInfo.InvariantCulture),
                value,
                StringComparison.OrdinalIgnoreCase
            );
    }
}
