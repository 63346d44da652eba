using System.Diagnostics;
using System.Globalization;
using ImgAlign.Training.Data;
using Spectre.Console;

namespace ImgAlign.Cli.Train;

/// <summary>Says now and then how many shards of features are there: at the beginning, at the end, and every few seconds between.</summary>
internal sealed class FeatureLines(IAnsiConsole console) : IProgress<FeatureProgress>
{
    private static readonly TimeSpan BetweenLines = TimeSpan.FromSeconds(5);

    private string? folder;
    private long said;

    public void Report(FeatureProgress value)
    {
        if (value.Folder == folder && value.Made < value.Shards && Stopwatch.GetElapsedTime(said) < BetweenLines)
            return;
        (folder, said) = (value.Folder, Stopwatch.GetTimestamp());
        console.WriteText(
            string.Create(
                CultureInfo.InvariantCulture,
                $"features: {value.Made} of {value.Shards} shards, about {value.Bytes / 1e9:0.0} GB in all, in {value.Folder}"
            )
        );
    }
}
