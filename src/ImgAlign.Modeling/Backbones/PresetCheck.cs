using System.Globalization;
using ImgAlign.Checkpoints;

namespace ImgAlign.Backbones;

/// <summary>Compares presets with the files that a diffusion model's network was made of.</summary>
/// <param name="backbone">The backbone's name.</param>
/// <param name="network">The network's checkpoint, as it was named: a path or a name of the hub.</param>
/// <param name="loras">The LoRAs that are merged into it.</param>
/// <param name="own">What the network itself tells.</param>
internal sealed class PresetCheck(string backbone, string network, IEnumerable<LoraOptions> loras, params DistillationSign[] own)
{
    // Around a scale that a card gives, such as 0.125, some take a little more or less.
    private const double ScaleTolerance = 0.3;

    private readonly Lazy<IReadOnlyList<(double Scale, DistillationSign Sign)>> signs = new(() =>
    {
        (string Path, double Scale)[] files = [(network, 1), .. loras.Select(static lora => (lora.Path, lora.Scale))];
        var named = files.SelectMany(static file => DistillationSigns.Of(file.Path), static (file, sign) => (file.Scale, sign)).ToList();
        if (named.Count == 0)
            named = [.. files.SelectMany(static file => ByHash(file.Path), static (file, sign) => (file.Scale, sign))];
        return [.. named, .. own.Select(static sign => (1.0, sign))];
    });

    /// <summary>What shows that the model is the one that a preset is for; null: it cannot be told.</summary>
    /// <exception cref="InvalidRequestException">It is another one.</exception>
    public string? Check(SamplingPreset preset)
    {
        if (preset.Backbone != backbone)
            throw Error($"{preset.Name} is for {preset.Backbone}, but the model is {backbone}; leave the preset out, or take another.");
        var found = signs.Value;
        if (found.Count == 0)
            return null;
        var fitting = found.FirstOrDefault(pair => preset.Fits(pair.Sign));
        if (fitting.Sign is null)
        {
            var other = found[0].Sign;
            throw Error(
                $"{preset.Name} is for {preset.Model}, but by {other.Evidence} the model is "
                    + $"{other.Distillation}{(other.Steps is { } steps ? $" for {Text(steps)} steps" : "")}; "
                    + "take the preset that fits, or another model."
            );
        }
        var scale = preset.LoraScale ?? 1;
        if (preset.LoraScale is not null && Math.Abs(fitting.Scale - scale) > ScaleTolerance * scale)
        {
            throw Error(
                $"{preset.Name} is for its LoRA at a scale of {Text(scale)}, but it acts with {Text(fitting.Scale)}; "
                    + $"set its Scale to {Text(scale)} (--lora FILE:{Text(scale)})."
            );
        }
        return fitting.Sign.Evidence;
    }

    // Hashes are kept in the user's folder for caches; where that cannot be, the model is not checked by them.
    private static IEnumerable<DistillationSign> ByHash(string path)
    {
        try
        {
            return DistillationSigns.ByHash(path) is { } sign ? [sign] : [];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static InvalidRequestException Error(string message) => new($"The preset {message}", nameof(SamplingSettings.Preset));

    private static string Text(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);
}
