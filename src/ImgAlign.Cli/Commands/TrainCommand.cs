using System.CommandLine;

namespace ImgAlign.Cli.Commands;

/// <summary><c>imgalign train</c>: trains a part of the method.</summary>
internal static class TrainCommand
{
    public static Command Create(Terminal terminal) =>
        new("train", "Train a part of the method.") { TrainAlignerCommand.Create(terminal), TrainDetectorCommand.Create(terminal) };
}
