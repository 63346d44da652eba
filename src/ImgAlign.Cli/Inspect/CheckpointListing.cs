using System.Globalization;
using System.Text.Json.Serialization;
using ImgAlign.Checkpoints;
using ImgAlign.Recipes;

namespace ImgAlign.Cli.Inspect;

/// <summary>What a checkpoint is, and its tensors.</summary>
internal sealed record CheckpointListing(
    string Source,
    string Format,
    int TensorCount,
    long Elements,
    long Bytes,
    IReadOnlyDictionary<string, string> Types,
    RecognizedCheckpoint? Description,
    IReadOnlyList<FewStepHint> FewSteps,
    IReadOnlyDictionary<string, string> Metadata,
    IReadOnlyList<CheckpointListing.Entry> Tensors
)
{
    /// <summary>Format, sizes and types in a line.</summary>
    [JsonIgnore]
    public string Summary => $"{Format}, {Count(TensorCount)} tensors, {Count(Elements)} elements, {Count(Bytes)} bytes";

    /// <summary>What it is, in lines for people.</summary>
    [JsonIgnore]
    public IEnumerable<string> Lines =>
        [
            $"what: {(Description is { } known ? string.Join(", ", Words(known)) : "nothing that is known here")}",
            $"types: {string.Join(", ", Types.Select(static type => $"{type.Key} {type.Value}"))}",
            .. FewSteps.Select(static hint => $"few steps: {hint}"),
            .. Description is null ? [] : new[] { $"use: {Description.Use ?? "not supported"}" },
        ];

    /// <summary>Reads a checkpoint's header.</summary>
    /// <param name="path">The file or folder, or a name of the hub.</param>
    /// <exception cref="CheckpointException">It cannot be read.</exception>
    public static CheckpointListing Read(string path)
    {
        using var checkpoint = Checkpoint.Open(path);
        var tensors = checkpoint
            .Tensors.Values.Select(tensor => new Entry(tensor.Name, tensor.TypeName, tensor.Shape, tensor.Bytes, FileOf(tensor.Name)))
            .ToList();
        var bytes = tensors.Sum(static tensor => tensor.Bytes);
        return new CheckpointListing(
            checkpoint.Source,
            checkpoint.Format,
            tensors.Count,
            checkpoint.Tensors.Values.Sum(static tensor => tensor.Count),
            bytes,
            tensors
                .GroupBy(static tensor => tensor.Type)
                .Select(static type => (Name: type.Key, Bytes: type.Sum(static tensor => tensor.Bytes)))
                .OrderByDescending(static type => type.Bytes)
                .ToDictionary(
                    static type => type.Name,
                    type => string.Create(CultureInfo.InvariantCulture, $"{(double)type.Bytes / bytes:0.0%}")
                ),
            CheckpointRecognition.Of(checkpoint),
            FewStepHint.Of(path),
            checkpoint.Metadata,
            tensors
        );

        string? FileOf(string name) => checkpoint.FileOf(name) is var file && file != checkpoint.Source ? Path.GetFileName(file) : null;
    }

    private static IEnumerable<string> Words(RecognizedCheckpoint known) =>
        new[] { known.What, known.Layout }.OfType<string>().Concat(known.Details);

    private static string Count(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A tensor.</summary>
    internal sealed record Entry(string Name, string Type, IReadOnlyList<long> Shape, long Bytes, string? File)
    {
        /// <summary>The shape as it is printed.</summary>
        [JsonIgnore]
        public string ShapeText => $"[{string.Join(", ", Shape)}]";
    }
}
