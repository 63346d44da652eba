using System.CommandLine;

namespace ImgAlign.Cli.Commands;

/// <summary><c>imgalign world</c>: ShapeWorld, in which the whole method is trained from scratch.</summary>
internal static class WorldCommand
{
    public static Command Create(Terminal terminal) =>
        new("world", "ShapeWorld, a small world in which the whole method is trained from scratch.")
        {
            WorldTrainCommand.Create(terminal),
            WorldEvaluateCommand.Create(terminal),
            WorldExportCommand.Create(terminal),
        };
}
