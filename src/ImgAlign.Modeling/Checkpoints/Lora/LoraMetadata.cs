using System.Text.Json;
using System.Text.RegularExpressions;

namespace ImgAlign.Checkpoints;

/// <summary>
/// How strongly the layers of a LoRA act, where diffusers wrote it into the file: the fields of peft's <c>LoraConfig</c> for each network,
/// as the JSON text <c>lora_adapter_metadata</c> in the file's metadata.
/// </summary>
internal sealed class LoraMetadata
{
    private const string Key = "lora_adapter_metadata";

    private static readonly (string Prefix, LoraTarget Target)[] Components =
    [
        ("unet.", LoraTarget.Denoiser),
        ("transformer.", LoraTarget.Denoiser),
        ("text_encoder.", LoraTarget.TextEncoder),
        ("text_encoder_2.", LoraTarget.TextEncoder2),
    ];

    private readonly Checkpoint file;
    private readonly Dictionary<LoraTarget, Strengths> networks = [];

    // Alphas by patterns of the layers' paths, the first that matches counting, and alpha for the others.
    private sealed record Strengths(IReadOnlyList<(Regex Pattern, double Alpha)> Patterns, double Alpha, bool IsRankStabilised);

    /// <summary>Reads a file's metadata, if it has any.</summary>
    /// <exception cref="CheckpointException">It is broken, or asks for what is not known here.</exception>
    public LoraMetadata(Checkpoint file)
    {
        this.file = file;
        if (!file.Metadata.TryGetValue(Key, out var text))
            return;
        var json = Parse(text);
        foreach (var (prefix, target) in Components)
        {
            var fields = new Dictionary<string, JsonElement>();
            foreach (var field in json.EnumerateObject())
            {
                if (field.Name.StartsWith(prefix, StringComparison.Ordinal))
                    fields[field.Name[prefix.Length..]] = field.Value;
            }
            if (fields.Count == 0)
                continue;
            var config = ConfigFile.Parse<AdapterConfig>(JsonSerializer.SerializeToElement(fields), $"{file.Source}, metadata '{Key}'");
            if (config.UseDora)
                throw Broken("says use_dora: a DoRA changes directions and lengths apart, which is not supported; take a plain LoRA");
            networks[target] = new(
                [.. (config.AlphaPattern ?? new Dictionary<string, double>()).Select(pair => (ParsePattern(pair.Key), pair.Value))],
                config.LoraAlpha,
                config.UseRslora
            );
        }
    }

    /// <summary>The factor of a layer's <c>up @ down</c>, or null where the file does not say.</summary>
    /// <param name="target">The network.</param>
    /// <param name="module">The layer's path in it.</param>
    /// <param name="rank">The layer's rank.</param>
    public double? Scale(LoraTarget target, string module, long rank)
    {
        if (!networks.TryGetValue(target, out var network))
            return null;
        var own = network.Patterns.FirstOrDefault(entry => entry.Pattern.IsMatch(module));
        return (own.Pattern is null ? network.Alpha : own.Alpha) / (network.IsRankStabilised ? Math.Sqrt(rank) : rank);
    }

    private JsonElement Parse(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document.RootElement.Clone()
                : throw Broken("is not a JSON object; save the LoRA again");
        }
        catch (JsonException)
        {
            throw Broken("is not JSON; save the LoRA again");
        }
    }

    // As peft does: a pattern is an expression for the end of a path, after a dot. Files are not trusted, hence no backtracking.
    private Regex ParsePattern(string pattern)
    {
        try
        {
            return new Regex($@"\A(?:(?:.*\.)?(?:{pattern}))\z", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException)
        {
            throw Broken($"has the alpha_pattern '{pattern}', which is no regular expression that is known here");
        }
    }

    private CheckpointException Broken(string problem) => new(file.Source, $"metadata '{Key}' {problem}.");

    // The fields of LoraConfig that tell the scale, with its defaults.
    private sealed record AdapterConfig
    {
        public double LoraAlpha { get; init; } = 8;
        public IReadOnlyDictionary<string, double>? AlphaPattern { get; init; }
        public bool UseRslora { get; init; }
        public bool UseDora { get; init; }
    }
}
