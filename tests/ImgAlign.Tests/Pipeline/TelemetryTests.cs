using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using ImgAlign.Telemetry;
using Microsoft.Extensions.Logging;

namespace ImgAlign.Tests.Pipeline;

public class TelemetryTests
{
    [Fact]
    public async Task A_run_is_traced_as_one_tree()
    {
        var stopped = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name is TelemetryNames.Source or "test",
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = stopped.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        using var source = new ActivitySource("test");
        using var world = new ColourWorld();
        using (source.StartActivity("caller"))
            await world.Pipeline.AlignAsync(ColourWorld.Request);

        var caller = stopped.Single(activity => activity.OperationName == "caller");
        var root = stopped.Single(activity => activity.OperationName == "invoke_workflow img");
        Assert.Equal(caller.SpanId, root.ParentSpanId);
        Assert.Equal(3L, root.GetTagItem(TelemetryNames.RequestSeed));
        Assert.Equal(true, root.GetTagItem(TelemetryNames.Accepted));
        Assert.Null(root.GetTagItem(TelemetryNames.Prompt));
        var stages = stopped.Where(activity => activity.ParentSpanId == root.SpanId).Select(activity => activity.OperationName).ToList();
        Assert.Equal(2, stages.Count(name => name == "generate_content Colour"));
        Assert.Contains("chat Colour reader", stages);
        Assert.Contains("imgalign.align", stages);
        Assert.Contains("imgalign.score", stages);
    }

    [Fact]
    public async Task Metrics_are_recorded()
    {
        var seen = new ConcurrentDictionary<string, int>();
        using var listener = new MeterListener
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Meter.Name == TelemetryNames.Source)
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<double>(
            (instrument, _, _, _) => seen.AddOrUpdate(instrument.Name, 1, static (_, count) => count + 1)
        );
        listener.SetMeasurementEventCallback<long>(
            (instrument, _, _, _) => seen.AddOrUpdate(instrument.Name, 1, static (_, count) => count + 1)
        );
        var waiting = new List<int>();
        listener.SetMeasurementEventCallback<int>((_, change, _, _) => waiting.Add(change));
        listener.Start();
        using var world = new ColourWorld();
        await world.Pipeline.AlignAsync(ColourWorld.Request);
        Assert.Equal([1, -1], waiting); // it began to wait, and had the device
        listener.RecordObservableInstruments();
        Assert.Equal(1, seen[TelemetryNames.OperationDuration]);
        Assert.Equal(12, seen[TelemetryNames.StepDuration]);
        Assert.True(seen[TelemetryNames.PhaseDuration] > 8);
        Assert.Equal(1, seen[TelemetryNames.MemoryUsage]);
        Assert.Equal(1, seen[TelemetryNames.LiveTensors]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Prompts_are_logged_only_where_asked_for(bool recordPrompts)
    {
        using var log = new Lines();
        using var world = new ColourWorld();
        using var failing = new HookedDetector(world.Detector, static _ => throw new FormatException());
        var options = new AlignmentPipelineOptions { RecordPrompts = recordPrompts };
        using var pipeline = new AlignmentPipeline(world.Backbone, world.Detector, world.Aligner, options, log);
        using var broken = new AlignmentPipeline(world.Backbone, failing, world.Aligner, options, log);
        await pipeline.AlignAsync(ColourWorld.Request);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            pipeline.AlignAsync(ColourWorld.Request, null, new CancellationToken(canceled: true))
        );
        await Assert.ThrowsAsync<FormatException>(() => broken.AlignAsync(ColourWorld.Request));
        Assert.Equal(recordPrompts, log.All.Any(line => line.Contains("red house", StringComparison.Ordinal)));
        Assert.Contains(
            log.All,
            line => line.StartsWith("Information: align with Colour, seed 3, 1 at once: expected to need", StringComparison.Ordinal)
        );
        Assert.Contains(log.All, line => line.StartsWith("Information: Picture 1 of item 0, by Align: kept", StringComparison.Ordinal));
        Assert.Contains(log.All, line => line.StartsWith("Information: align took", StringComparison.Ordinal));
        Assert.Contains("Information: align was cancelled.", log.All);
        Assert.Contains("Error: align failed.", log.All);
    }

    private sealed class Lines : ILogger, ILoggerFactory
    {
        public ConcurrentQueue<string> All { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider) { }

        public void Dispose() { }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        ) => All.Enqueue($"{logLevel}: {formatter(state, exception)}");
    }
}
