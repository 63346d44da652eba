using System.Globalization;

namespace ImgAlign.Cli.Jobs;

/// <summary>
/// The text <c>parameters</c> of a PNG, as Stable Diffusion's web UI began it and most programs read it: prompt, negative prompt, and a
/// line of settings. Values with a comma or a colon, which readers cut, are not among them.
/// </summary>
internal static class PictureParameters
{
    /// <summary>The keyword in a PNG file.</summary>
    public const string Keyword = "parameters";

    /// <summary>What the line with the negative prompt begins with.</summary>
    public const string NegativeMark = "Negative prompt:";

    /// <summary>What the line of settings begins with.</summary>
    public const string SettingsMark = "Steps:";

    // The web UI's names, where they are not ours in capitals.
    private static readonly Dictionary<string, string> Samplers = new(StringComparer.Ordinal)
    {
        ["euler"] = "Euler",
        ["euler-ancestral"] = "Euler a",
        ["heun"] = "Heun",
        ["dpmpp-2m"] = "DPM++ 2M",
        ["dpmpp-3m"] = "DPM++ 3M",
        ["dpmpp-2m-sde"] = "DPM++ 2M SDE",
        ["dpmpp-3m-sde"] = "DPM++ 3M SDE",
        ["dpmpp-2s"] = "DPM++ 2S",
        ["dpmpp-3s"] = "DPM++ 3S",
        ["dpmpp-2s-sde"] = "DPM++ 2S SDE",
        ["unipc"] = "UniPC",
    };

    /// <summary>The text for a picture.</summary>
    public static string Write(GenerationRecord record)
    {
        var negative = string.IsNullOrEmpty(record.NegativePrompt) ? "" : $"{NegativeMark} {record.NegativePrompt}\n";
        (string Key, string? Value)[] settings =
        [
            ("Steps", Text(record.Steps)),
            ("Sampler", Samplers.GetValueOrDefault(record.Sampler, record.Sampler.ToUpperInvariant())),
            ("Schedule type", ScheduleOf(record.NoiseLevels.Spacing)),
            ("CFG scale", Text(record.Guidance)),
            ("Seed", Text(record.Seed)),
            ("Size", $"{Text(record.Width)}x{Text(record.Height)}"),
            ("Model hash", record.Model.Hash?[..10]),
            ("Model", record.Model.Name),
            ("Version", $"ImgAlign {record.Version.Split('+')[0]}"),
        ];
        var line = string.Join(
            ", ",
            settings.Where(static pair => IsReadable(pair.Value)).Select(static pair => $"{pair.Key}: {pair.Value}")
        );
        return $"{record.Prompt}\n{negative}{line}".Replace("\0", "", StringComparison.Ordinal);
    }

    /// <summary>Prompt and negative prompt of a text, each on one line.</summary>
    public static PromptRow Read(string text)
    {
        var words = text.Split('\n').TakeWhile(static line => !line.StartsWith(SettingsMark, StringComparison.Ordinal));
        var parts = $"\n{string.Join('\n', words)}".Split($"\n{NegativeMark}", 2); // the prompt itself may be empty
        return new PromptRow(OneLine(parts[0])) { NegativePrompt = parts is [_, var negative] ? OneLine(negative) : null };
    }

    /// <summary>A text with single blanks in the place of line breaks and other space.</summary>
    public static string OneLine(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private static string ScheduleOf(NoiseLevelSpacing? spacing) =>
        spacing switch
        {
            null => "Automatic",
            NoiseLevelSpacing.Timesteps => "Uniform",
            var named => named.Value.ToString(),
        };

    private static bool IsReadable(string? value) => value is not null && !value.AsSpan().ContainsAny(",:\"\n");

    private static string Text(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);
}
