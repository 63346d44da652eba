using System.Globalization;
using Spectre.Console;
using static System.FormattableString;

namespace ImgAlign.Cli.Align;

/// <summary>
/// Shows a run's updates on standard error: a bar for every stage on a terminal, a line for every finished stage when it is redirected.
/// </summary>
internal static class RunProgress
{
    /// <summary>Reads a run to its end and shows it meanwhile.</summary>
    /// <param name="console">Where it is shown.</param>
    /// <param name="updates">The run.</param>
    /// <param name="preview">Gets the previews; null: nobody does.</param>
    /// <returns>Its result.</returns>
    public static async Task<T> ShowAsync<T>(
        IAnsiConsole console,
        IAsyncEnumerable<RunUpdate> updates,
        Action<PreviewReady>? preview = null
    )
    {
        updates = Attend(updates, console, preview);
        if (!console.Profile.Capabilities.Interactive)
            return await ReadAsync<T>(updates, new Lines(console));
        return await console
            .Progress()
            .Columns(
                new TaskDescriptionColumn { Alignment = Justify.Left },
                new ProgressBarColumn(),
                new PercentageColumn(),
                new ElapsedTimeColumn()
            )
            .StartAsync(context => ReadAsync<T>(updates, new Bars(context)));
    }

    // What is not progress.
    private static async IAsyncEnumerable<RunUpdate> Attend(
        IAsyncEnumerable<RunUpdate> updates,
        IAnsiConsole console,
        Action<PreviewReady>? preview
    )
    {
        await foreach (var update in updates)
        {
            if (update is RunStarted { InTiles: true })
                console.WriteText("The VAE works tile by tile, since memory does not suffice otherwise; this changes pictures a little.");
            if (update is PreviewReady ready)
                preview?.Invoke(ready);
            yield return update;
        }
    }

    private static async Task<T> ReadAsync<T>(IAsyncEnumerable<RunUpdate> updates, IDisplay display)
    {
        await foreach (var update in updates)
        {
            switch (update)
            {
                case RunStarted started:
                    display.Start(started);
                    break;
                case StageStarted stage:
                    display.Begin(Title(stage.Stage, stage.Round), stage.Steps);
                    break;
                case WeightsLoaded loading:
                    display.Load(loading);
                    break;
                case StepCompleted step:
                    display.Step(step.Step);
                    break;
                case StageCompleted stage:
                    display.End(Title(stage.Timing.Stage, stage.Timing.Round), stage.Timing.Duration);
                    break;
                case RunCompleted<T> completed:
                    return completed.Result;
            }
        }
        throw new InvalidOperationException("A run ended without a result.");
    }

    private static string Title(RunStage stage, int round)
    {
        var name = stage switch
        {
            RunStage.EncodePrompt => "encode prompt",
            RunStage.EncodeStart => "encode picture",
            RunStage.EncodeImage => "encode image",
            RunStage.Detect => "read image and question",
            RunStage.Describe => "answer the question",
            _ => stage.ToString().ToLowerInvariant(),
        };
        return round == 0 ? name : string.Create(CultureInfo.InvariantCulture, $"round {round}: {name}");
    }

    private interface IDisplay
    {
        void Start(RunStarted run);

        void Begin(string title, int steps);

        void Load(WeightsLoaded loading);

        void Step(int done);

        void End(string title, TimeSpan duration);
    }

    private sealed class Bars(ProgressContext context) : IDisplay
    {
        private ProgressTask? bar;
        private string title = "";

        public void Start(RunStarted run) { }

        public void Begin(string title, int steps) => bar = context.AddTask(this.title = Markup.Escape(title), maxValue: steps);

        public void Load(WeightsLoaded loading)
        {
            var percent = 100 * loading.Bytes / Math.Max(1, loading.TotalBytes);
            bar!.Description = percent < 100 ? Invariant($"{title}: loading {Markup.Escape(loading.Network)} {percent}%") : title;
        }

        public void Step(int done) => bar!.Value = done;

        public void End(string title, TimeSpan duration)
        {
            bar!.Value = bar.MaxValue;
            bar.StopTask();
        }
    }

    private sealed class Lines(IAnsiConsole console) : IDisplay
    {
        public void Start(RunStarted run)
        {
            foreach (var estimate in run.Estimates)
                console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"memory: {estimate}, {run.BatchSize} at once"));
        }

        public void Begin(string title, int steps) { }

        public void Load(WeightsLoaded loading) { }

        public void Step(int done) { }

        public void End(string title, TimeSpan duration) =>
            console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{title}: {duration.TotalSeconds:0.0} s"));
    }
}
