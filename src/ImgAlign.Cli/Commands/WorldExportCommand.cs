using System.CommandLine;
using System.Globalization;
using ImgAlign.ShapeWorld.Models;
using Spectre.Console;

namespace ImgAlign.Cli.Commands;

/// <summary><c>imgalign world export WORLD</c>: a trained world as it is shipped.</summary>
internal static class WorldExportCommand
{
    public static Command Create(Terminal terminal)
    {
        var world = new Argument<DirectoryInfo>("world") { Description = "The folder of a trained world." };
        var output = new Option<string>("--output") { Description = "The folder for the copy; files in it are replaced.", Required = true };
        var command = new Command("export", "Copy a trained world with its weights in bfloat16, as it is shipped.")
        {
            world.AcceptExistingOnly(),
            output,
        };
        command.SetAction(parsed =>
        {
            var export = WorldExport.Write(new WorldFolder(parsed.GetRequiredValue(world).FullName), parsed.GetRequiredValue(output));
            terminal.Out.WriteText(export.Folder.Root);
            terminal.Out.WriteLine(
                string.Create(CultureInfo.InvariantCulture, $"{export.Bytes:N0} bytes, SHA-256 of all weights {export.WeightsHash}")
            );
        });
        return command;
    }
}
