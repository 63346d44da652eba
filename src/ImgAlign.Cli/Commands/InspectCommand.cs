using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using ImgAlign.Checkpoints;
using Spectre.Console;

namespace ImgAlign.Cli.Commands;

/// <summary><c>imgalign inspect PATH</c>: lists the tensors of a checkpoint. Reads no tensor data and executes nothing in the
/// file.</summary>
internal static class InspectCommand
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    public static Command Create(Terminal terminal)
    {
        var path = new Argument<string>("path") { Description = "A checkpoint file, an index of shards, or a model's folder." };
        var json = new Option<bool>("--json") { Description = "Print JSON instead of text." };
        var command = new Command("inspect", "List the tensors of a checkpoint: names, types, shapes, sizes.") { path, json };
        command.SetAction(parsed =>
        {
            var listing = Read(parsed.GetRequiredValue(path));
            if (parsed.GetValue(json))
                terminal.Out.WriteLine(JsonSerializer.Serialize(listing, Json));
            else
                Print(listing, terminal.Out);
        });
        return command;
    }

    private static Listing Read(string path)
    {
        using var checkpoint = Checkpoint.Open(path);
        var tensors = checkpoint
            .Tensors.Values.Select(tensor => new Entry(tensor.Name, tensor.TypeName, tensor.Shape, tensor.Bytes, FileOf(tensor.Name)))
            .ToList();
        return new Listing(
            checkpoint.Source,
            checkpoint.Format,
            tensors.Count,
            checkpoint.Tensors.Values.Sum(tensor => tensor.Count),
            tensors.Sum(tensor => tensor.Bytes),
            checkpoint.Metadata,
            tensors
        );

        string? FileOf(string name) => checkpoint.FileOf(name) is var file && file != checkpoint.Source ? Path.GetFileName(file) : null;
    }

    private static void Print(Listing listing, IAnsiConsole console)
    {
        var nameWidth = listing.Tensors.Select(tensor => tensor.Name.Length).DefaultIfEmpty().Max();
        var shapeWidth = listing.Tensors.Select(tensor => tensor.ShapeText.Length).DefaultIfEmpty().Max();
        foreach (var tensor in listing.Tensors)
            console.WriteText(
                $"{tensor.Name.PadRight(nameWidth)}  {tensor.Type, -6} {tensor.ShapeText.PadRight(shapeWidth)} "
                    + $"{Count(tensor.Bytes), 14}  {tensor.File}".TrimEnd()
            );
        foreach (var (key, value) in listing.Metadata)
            console.WriteText($"{key} = {value}");
        console.WriteText(
            $"{listing.Source}: {listing.Format}, {Count(listing.TensorCount)} tensors, {Count(listing.Elements)} elements, "
                + $"{Count(listing.Bytes)} bytes"
        );
    }

    private static string Count(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private sealed record Listing(
        string Source,
        string Format,
        int TensorCount,
        long Elements,
        long Bytes,
        IReadOnlyDictionary<string, string> Metadata,
        IReadOnlyList<Entry> Tensors
    );

    private sealed record Entry(string Name, string Type, IReadOnlyList<long> Shape, long Bytes, string? File)
    {
        [JsonIgnore]
        public string ShapeText => $"[{string.Join(", ", Shape)}]";
    }
}
