using System.Text;
using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Checkpoints;

/// <summary>
/// A checkpoint whose 8-bit floating-point weights are to be multiplied by a scale that is stored beside them: <c>X.weight</c> by
/// <c>X.scale_weight</c> (files with a tensor <c>scaled_fp8</c>) or <c>X.weight_scale</c> (newer ones, which may say so in
/// <c>X.comfy_quant</c>), one number or one for each row. Reads as if the weights were stored as such.
/// </summary>
internal sealed class ScaledCheckpoint : Checkpoint
{
    private const string Weight = ".weight";
    private const string Marker = "scaled_fp8"; // an empty tensor that says that the file is of this kind

    private const string Description = ".comfy_quant"; // JSON as bytes
    private const int LongestDescription = 1024;

    private static readonly string[] ScaleNames = [".scale_weight", ".weight_scale"];
    private static readonly string[] InputScaleNames = [".scale_input", ".input_scale"]; // for products of 8 bits, which are not used here

    // What a description may say of weights that are read here; how they are to be multiplied changes no weight.
    private static readonly string[] KnownFormats = ["float8_e4m3fn", "float8_e5m2"];
    private static readonly string[] KnownKeys = ["format", "full_precision_matrix_mult"];

    private readonly Checkpoint stored;
    private readonly IReadOnlyDictionary<string, string> scaleOf;

    private ScaledCheckpoint(Checkpoint stored, IReadOnlyDictionary<string, string> scaleOf)
    {
        (this.stored, this.scaleOf) = (stored, scaleOf);
        var left = scaleOf
            .Keys.SelectMany(static weight => InputScaleNames.Append(Description).Select(end => Beside(weight, end)))
            .Concat(scaleOf.Values)
            .ToHashSet();
        Tensors = stored
            .Tensors.Values.Where(info => !left.Contains(info.Name) && !IsMarker(info.Name))
            .Select(info => scaleOf.ContainsKey(info.Name) ? info with { Type = ScalarType.Float32, IsComputed = true } : info)
            .ToDictionary(static info => info.Name);
    }

    /// <summary>
    /// The checkpoint with its scales applied, or as it is where it has none. Takes it over: the result disposes it, or an exception has.
    /// </summary>
    /// <exception cref="CheckpointException">A scale is missing, or of a shape that does not follow its weight.</exception>
    public static Checkpoint Apply(Checkpoint stored)
    {
        try
        {
            var scaleOf = FindScales(stored);
            if (scaleOf.Count == 0 && !stored.Tensors.Keys.Any(IsMarker))
                return stored;
            // The numbers of such a weight alone are of another size.
            var unscaled = stored.Tensors.Values.FirstOrDefault(info =>
                info is { Form: RowFactors, Shape.Count: > 1 } && !scaleOf.ContainsKey(info.Name)
            );
            if (unscaled is not null)
                throw stored.Fault(
                    unscaled.Name,
                    $"is stored in {unscaled.TypeName} without a scale, in a file of scaled weights; "
                        + "download it again, or take the model as GGUF."
                );
            foreach (var weight in scaleOf.Keys)
                RequireKnown(stored, Beside(weight, Description));
            return new ScaledCheckpoint(stored, scaleOf);
        }
        catch
        {
            stored.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override string Source => stored.Source;

    /// <inheritdoc/>
    internal override IEnumerable<string> Files => stored.Files;

    /// <inheritdoc/>
    public override string Format => $"{stored.Format} with a scale for each of {scaleOf.Count} weights";

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Metadata => stored.Metadata;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <inheritdoc/>
    public override string FileOf(string name) => stored.FileOf(name);

    /// <inheritdoc/>
    public override Tensor Read(string name)
    {
        if (!scaleOf.ContainsKey(name))
            return stored.Read(name);
        using var scope = NewDisposeScope();
        long[] rows = [Rows(name), .. Enumerable.Repeat(1L, Tensors[name].Shape.Count - 1)];
        return stored.Read(name).to(float32).mul_(RowScales(name).view(rows)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    internal override CompactMatrix ReadCompact(string name) =>
        scaleOf.ContainsKey(name) ? new(stored.Read(name), RowScales(name)) : stored.ReadCompact(name);

    /// <inheritdoc/>
    internal override void ReleasePages() => stored.ReleasePages();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        stored.Dispose();
        base.Dispose(disposing);
    }

    private static Dictionary<string, string> FindScales(Checkpoint stored)
    {
        var scaleOf = new Dictionary<string, string>();
        // Scales beside weights of other types belong to a quantization that is not read, and stay where they are (UnreadQuantization).
        foreach (
            var weight in stored.Tensors.Values.Where(static info =>
                info is { Form: RowFactors, Shape.Count: > 0 } && info.Name.EndsWith(Weight, StringComparison.Ordinal)
            )
        )
        {
            var scales = ScaleNames.Select(end => Beside(weight.Name, end)).Where(stored.Tensors.ContainsKey).ToList();
            if (scales.Count == 0)
                continue;
            if (scales.Count > 1)
                throw stored.Fault(
                    scales[1],
                    $"is a second scale of '{weight.Name}', beside '{scales[0]}'; save the checkpoint with one of them."
                );
            var scale = stored.Tensors[scales[0]];
            var rows = weight.Shape[0];
            if (scale.Count != 1 && !scale.Shape.SequenceEqual([rows]) && !scale.Shape.SequenceEqual([rows, 1]))
                throw stored.Fault(
                    scale.Name,
                    $"has shape {scale.ShapeText} beside a weight of shape {weight.ShapeText}; "
                        + "read are scales of one number, or one for each row: take the model in that form, or as GGUF."
                );
            scaleOf.Add(weight.Name, scale.Name);
        }
        return scaleOf;
    }

    private static void RequireKnown(Checkpoint stored, string description)
    {
        if (!stored.Tensors.TryGetValue(description, out var info))
            return;
        if (info is not { Type: ScalarType.Byte, Count: <= LongestDescription })
            throw Unknown($"{info.TypeName} {info.ShapeText}");
        using var tensor = stored.Read(description);
        var text = Encoding.UTF8.GetString(tensor.bytes);
        try
        {
            using var json = JsonDocument.Parse(text);
            if (
                json.RootElement.EnumerateObject().All(static entry => KnownKeys.Contains(entry.Name))
                && KnownFormats.Contains(json.RootElement.GetProperty("format").GetString())
            )
                return;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            // It is refused below.
        }
        throw Unknown(text);

        CheckpointException Unknown(string found) =>
            stored.Fault(
                description,
                $"describes a weight as {found}, which is not read here; take the model in {string.Join(" or ", KnownFormats)}, or as GGUF."
            );
    }

    private static bool IsMarker(string name) => name == Marker || name.EndsWith('.' + Marker, StringComparison.Ordinal);

    private static string Beside(string weight, string end) => weight[..^Weight.Length] + end;

    private long Rows(string name) => Tensors[name].Shape[0];

    // Float32 [n, 1]
    private Tensor RowScales(string name)
    {
        using var scope = NewDisposeScope();
        return stored.Read(scaleOf[name]).to(float32).view(-1, 1).expand(Rows(name), 1).contiguous().MoveToOuterDisposeScope();
    }
}
