using System.Diagnostics;
using System.Globalization;
using Spectre.Console;

namespace ImgAlign.Cli.Align;

/// <summary>
/// Shows a run's updates on standard error: a bar for every stage on a terminal, a line for every finished stage when it is redirected.
/// </summary>
internal static class AlignProgress
{
    /// <summary>Runs work that reports its progress, and shows it meanwhile.</summary>
    public static async Task<T> ShowAsync<T>(IAnsiConsole console, Func<IProgress<AlignmentUpdate>, Task<T>> work)
    {
        if (!console.Profile.Capabilities.Interactive) return await RunAsync(new Lines(console));
        return await console.Progress()
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn())
            .StartAsync(context => RunAsync(new Bars(context)));

        async Task<T> RunAsync(StageDisplay display)
        {
            var result = await work(display);
            display.EndStage();
            return result;
        }
    }

    private static string Title(AlignmentUpdate update)
    {
        var stage = update.Stage switch
        {
            AlignmentStage.EncodePrompt => "encode prompt",
            AlignmentStage.EncodeImage => "encode image",
            AlignmentStage.Detect => "read image and question",
            AlignmentStage.Describe => "answer the question",
            _ => update.Stage.ToString().ToLowerInvariant(),
        };
        return update.Round == 0 ? stage : $"round {update.Round}: {stage}";
    }

    // Updates come from the worker thread, in order: a stage begins with step 0 and lasts until the next one begins.
    private abstract class StageDisplay : IProgress<AlignmentUpdate>
    {
        public abstract void Report(AlignmentUpdate value);

        public abstract void EndStage();
    }

    private sealed class Bars(ProgressContext context) : StageDisplay
    {
        private ProgressTask? bar;

        public override void Report(AlignmentUpdate value)
        {
            if (value.Step == 0)
            {
                EndStage();
                bar = context.AddTask(Title(value), maxValue: value.StepCount);
            }
            else if (bar is { } current && current.Description == Title(value))
            {
                current.Value = value.Step;
            }
        }

        public override void EndStage()
        {
            if (bar is not { } current) return;
            current.Value = current.MaxValue;
            current.StopTask();
        }
    }

    private sealed class Lines(IAnsiConsole console) : StageDisplay
    {
        private readonly Stopwatch watch = new();
        private string? title;

        public override void Report(AlignmentUpdate value)
        {
            if (value.Estimate is { } estimate) console.WriteLine($"memory: {estimate}");
            if (value.Step > 0) return;
            EndStage();
            title = Title(value);
            watch.Restart();
        }

        public override void EndStage()
        {
            if (title is not null) console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{title}: {watch.Elapsed.TotalSeconds:0.0} s"));
        }
    }
}
