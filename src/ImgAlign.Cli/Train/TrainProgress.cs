using System.Diagnostics;
using System.Globalization;
using ImgAlign.Training;
using Spectre.Console;

namespace ImgAlign.Cli.Train;

/// <summary>Shows a run on standard error: a bar with loss, rate and time on a terminal, a line now and then when it is
/// redirected.</summary>
internal static class TrainProgress
{
    private static readonly TimeSpan BetweenLines = TimeSpan.FromSeconds(5);

    /// <summary>Runs work that reports its progress, and shows it meanwhile.</summary>
    public static async Task<T> ShowAsync<T>(IAnsiConsole console, Func<IProgress<TrainingProgress>, Task<T>> work)
    {
        if (!console.Profile.Capabilities.Interactive)
            return await work(new Lines(console));
        return await console
            .Progress()
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn())
            .StartAsync(context => work(new Bar(context.AddTask("begins"))));
    }

    /// <summary>Says how a run ended.</summary>
    public static void WriteResult(Terminal terminal, TrainingResult result, string folder)
    {
        foreach (var (name, value) in result.Evaluation)
            terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: {value:0.######}"));
        if (result.Skipped.Count > 0)
            terminal.Error.WriteText(
                $"{result.Skipped.Count} samples were skipped; the first: {result.Skipped.MinBy(static pair => pair.Key).Value}"
            );
        terminal.Out.WriteLine(Path.GetFullPath(folder));
    }

    private static string Describe(TrainingProgress value) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"step {value.Step}/{value.TotalSteps}: loss {value.Metrics["loss"]:0.0000}, {value.StepsPerSecond:0.0} steps/s, "
                + $"{Format(value.Remaining)} left{(value.Skipped > 0 ? $", {value.Skipped} samples skipped" : "")}"
        );

    private static string Format(TimeSpan time) =>
        time.TotalDays >= 1
            ? time.ToString(@"d\.hh\:mm\:ss", CultureInfo.InvariantCulture)
            : time.ToString(@"h\:mm\:ss", CultureInfo.InvariantCulture);

    private sealed class Bar(ProgressTask bar) : IProgress<TrainingProgress>
    {
        private string heldOut = "";

        public void Report(TrainingProgress value)
        {
            if (value.Evaluation?.TryGetValue("loss", out var loss) == true)
                heldOut = string.Create(CultureInfo.InvariantCulture, $", {loss:0.0000} held out");
            bar.MaxValue = value.TotalSteps;
            bar.Value = value.Step;
            bar.Description = Describe(value) + heldOut;
        }
    }

    private sealed class Lines(IAnsiConsole console) : IProgress<TrainingProgress>
    {
        private readonly Stopwatch sinceLine = Stopwatch.StartNew();

        public void Report(TrainingProgress value)
        {
            if (value.Evaluation is { Count: > 0 } measured)
            {
                var figures = measured.Select(static pair =>
                    string.Create(CultureInfo.InvariantCulture, $"{pair.Key} {pair.Value:0.####}")
                );
                console.WriteLine($"step {value.Step}, held out: {string.Join(", ", figures)}");
            }
            if (sinceLine.Elapsed < BetweenLines && value.Step < value.TotalSteps)
                return;
            console.WriteLine(Describe(value));
            sinceLine.Restart();
        }
    }
}
