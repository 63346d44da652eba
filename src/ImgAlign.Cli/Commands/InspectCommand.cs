using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using ImgAlign.Backbones;
using ImgAlign.Checkpoints;
using ImgAlign.Cli.Inspect;
using Spectre.Console;

namespace ImgAlign.Cli.Commands;

/// <summary><c>imgalign inspect PATH</c>: says what a checkpoint is and how it is used, and lists its tensors. Reads no tensor data and
/// executes nothing in the file.</summary>
internal static class InspectCommand
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    public static Command Create(Terminal terminal)
    {
        var path = new Argument<string>("path")
        {
            Description = "A checkpoint file, an index of shards, a network's folder, or the folder of a whole model.",
        };
        var json = new Option<bool>("--json") { Description = "Print JSON instead of text." };
        var command = new Command(
            "inspect",
            "Say what a checkpoint is (family, layout, types, what it predicts, LoRA of what, for how many steps) and with which options it "
                + "is used; list its tensors."
        )
        {
            path,
            json,
        };
        command.SetAction(parsed =>
        {
            var named = parsed.GetRequiredValue(path);
            var located = HubName.Locate(named);
            object listing = ModelFolderListing.IsModel(located) ? ModelFolderListing.Read(named, located) : CheckpointListing.Read(named);
            if (parsed.GetValue(json))
                terminal.Out.WriteLine(JsonSerializer.Serialize(listing, Json));
            else if (listing is ModelFolderListing model)
                Print(model, terminal.Out);
            else
                Print((CheckpointListing)listing, terminal.Out);
        });
        return command;
    }

    private static void Print(ModelFolderListing model, IAnsiConsole console)
    {
        foreach (var (name, part) in model.Parts)
            console.WriteText($"{name}: {part.Description?.What ?? "not known here"}, {part.Summary}");
        foreach (var line in model.Lines)
            console.WriteText(line);
    }

    private static void Print(CheckpointListing listing, IAnsiConsole console)
    {
        var nameWidth = listing.Tensors.Select(static tensor => tensor.Name.Length).DefaultIfEmpty().Max();
        var shapeWidth = listing.Tensors.Select(static tensor => tensor.ShapeText.Length).DefaultIfEmpty().Max();
        foreach (var tensor in listing.Tensors)
            console.WriteText(
                $"{tensor.Name.PadRight(nameWidth)}  {tensor.Type, -6} {tensor.ShapeText.PadRight(shapeWidth)} "
                    + $"{tensor.Bytes.ToString("N0", CultureInfo.InvariantCulture), 14}  {tensor.File}".TrimEnd()
            );
        foreach (var (key, value) in listing.Metadata)
            console.WriteText($"{key} = {value}");
        foreach (var line in listing.Lines)
            console.WriteText(line);
        console.WriteText($"{listing.Source}: {listing.Summary}");
    }
}
