using System.Globalization;
using ImgAlign.Checkpoints;

namespace ImgAlign.Networks.Vae;

/// <summary>
/// How <see cref="AutoencoderTiny"/> is named in files: in diffusers' layout <c>encoder.layers.N</c> and <c>decoder.layers.N</c> in one
/// file; in the authors' <c>N</c> in a file for each half, the decoder's numbers larger by one for the clamp of its input.
/// </summary>
public static class AutoencoderTinyNames
{
    private const string Encoder = "encoder.layers.";
    private const string Decoder = "decoder.layers.";

    // The last convolutions of the published networks.
    private const int EncoderEnd = 14;
    private const int DecoderEnd = 18;

    /// <summary>Which halves a file holds; none where it holds no tiny autoencoder.</summary>
    /// <param name="file">The file.</param>
    public static AutoencoderParts HalvesOf(Checkpoint file) =>
        (EncoderEnds(file) is null ? 0 : AutoencoderParts.Encoder) | (DecoderEnds(file) is null ? 0 : AutoencoderParts.Decoder);

    /// <summary>The map of a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="parts">The halves that are built; the other may be there.</param>
    public static WeightMap Map(Checkpoint file, AutoencoderParts parts) =>
        IsDiffusers(file)
            ? WeightMap.Identity.Ignoring(name =>
                !(parts.HasFlag(AutoencoderParts.Encoder) && name.StartsWith(Encoder, StringComparison.Ordinal))
                && !(parts.HasFlag(AutoencoderParts.Decoder) && name.StartsWith(Decoder, StringComparison.Ordinal))
            )
            : new WeightMap(static name => new WeightSource.Whole(Original(name)));

    /// <summary>The shapes of the encoder's first and last weight; null where the file has no encoder.</summary>
    internal static (IReadOnlyList<long> First, IReadOnlyList<long> Last)? EncoderEnds(Checkpoint file) =>
        Ends(file, Encoder, EncoderEnd, "1.conv.0.weight");

    /// <summary>The shapes of the decoder's first and last weight; null where the file has no decoder.</summary>
    internal static (IReadOnlyList<long> First, IReadOnlyList<long> Last)? DecoderEnds(Checkpoint file) =>
        Ends(file, Decoder, DecoderEnd, "3.conv.0.weight");

    // A number alone is a name in many files, that of a block's convolution is not.
    private static (IReadOnlyList<long> First, IReadOnlyList<long> Last)? Ends(Checkpoint file, string side, int end, string originalBlock)
    {
        if (!IsDiffusers(file) && !file.Tensors.ContainsKey(originalBlock))
            return null;
        return Shape(0) is { } first && Shape(end) is { } last ? (first, last) : null;

        IReadOnlyList<long>? Shape(int layer)
        {
            var name = $"{side}{layer.ToString(CultureInfo.InvariantCulture)}.weight";
            return file.Tensors.TryGetValue(IsDiffusers(file) ? name : Original(name), out var info) && info.Shape.Count == 4
                ? info.Shape
                : null;
        }
    }

    private static bool IsDiffusers(Checkpoint file) =>
        file.Tensors.ContainsKey($"{Encoder}0.weight") || file.Tensors.ContainsKey($"{Decoder}0.weight");

    private static string Original(string name)
    {
        var isDecoder = name.StartsWith(Decoder, StringComparison.Ordinal);
        var parts = name[(isDecoder ? Decoder : Encoder).Length..].Split('.', 2);
        var layer = int.Parse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture) + (isDecoder ? 1 : 0);
        return $"{layer.ToString(CultureInfo.InvariantCulture)}.{parts[1]}";
    }
}
