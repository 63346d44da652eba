using System.Globalization;
using ImgAlign.Checkpoints;

namespace ImgAlign.Alignment;

/// <summary>
/// What an aligner was trained for beside its widths: the network takes any number of tokens, so that its shapes do not tell. Files of
/// <c>imgalign train aligner</c> hold it in their header.
/// </summary>
/// <param name="Tokens">The number of image-prompt tokens, n; null: it is not known.</param>
/// <param name="Detector">The detector's name; null: it is not known.</param>
public sealed record AlignerOrigin(int? Tokens, string? Detector)
{
    private const string TokensKey = "imgalign.tokens";
    private const string DetectorKey = "imgalign.detector";

    // The authors' files, by their names: of IP-Adapter Plus for SDXL, and of XLabs' first image prompt for FLUX.1.
    private static readonly Dictionary<string, int> Released = new(StringComparer.OrdinalIgnoreCase)
    {
        ["aligner_sdxl.pth"] = 16,
        ["aligner_flux.pth"] = 4,
    };

    /// <summary>What a file's header says, or for the authors' files their names.</summary>
    /// <param name="checkpoint">The file; no data is read.</param>
    /// <exception cref="CheckpointException">The header's number of tokens is none.</exception>
    public static AlignerOrigin Of(Checkpoint checkpoint)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        if (!checkpoint.Metadata.TryGetValue(TokensKey, out var text))
            return Released.TryGetValue(Path.GetFileName(checkpoint.Source), out var released) ? new(released, null) : new(null, null);
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var tokens) && tokens > 0)
            return new(tokens, checkpoint.Metadata.GetValueOrDefault(DetectorKey));
        throw new CheckpointException(checkpoint.Source, $"says {TokensKey} '{text}' in its header, which is no number of tokens.");
    }

    /// <summary>The same as texts for a file's header.</summary>
    public IReadOnlyDictionary<string, string> ToMetadata()
    {
        var texts = new Dictionary<string, string>();
        if (Tokens is { } tokens)
            texts[TokensKey] = tokens.ToString(CultureInfo.InvariantCulture);
        if (Detector is not null)
            texts[DetectorKey] = Detector;
        return texts;
    }
}
