using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.Json;
using ImgAlign.Checkpoints;
using ImgAlign.Telemetry;
using ImgAlign.Testing.Reference;
using ImgAlign.Tests.Checkpoints;
using ImgAlign.Training;
using ImgAlign.Training.Reporting;
using TorchSharp;

namespace ImgAlign.Tests.Training;

public sealed class TrainerTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();
    private readonly DisposeScope scope = torch.NewDisposeScope();

    private string Folder => temporary.Path;

    [Fact]
    public void A_complete_run_that_is_started_again_gives_what_it_has_measured()
    {
        var options = Options(steps: 10, average: 0.9);
        using var task = new LineTask();
        var first = Train(task, options, Folder);
        using var again = new LineTask();

        Assert.Equal(first.Evaluation, Train(again, options, Folder, resume: true).Evaluation);
        Assert.NotEmpty(first.Evaluation);
    }

    [Fact]
    public void A_run_that_is_stopped_and_continued_ends_with_the_same_bits()
    {
        var options = Options(steps: 40, average: 0.9);
        using var whole = new LineTask();
        Train(whole, options, Path.Combine(Folder, "whole"));

        var interrupted = Path.Combine(Folder, "interrupted");
        var attempts = 0;
        for (var done = false; !done; attempts++)
        {
            using var part = new LineTask();
            using var stop = new CancellationTokenSource();
            var stopAfter = new Reports(progress =>
            {
                if (progress.Step % 7 == 0)
                    stop.Cancel();
            });
            try
            {
                Train(part, options, interrupted, resume: true, stopAfter, stop.Token);
                done = true;
                Assert.Equal(whole.Slopes, part.Slopes);
                Assert.Equal(whole.Steps, part.Steps);
            }
            catch (OperationCanceledException)
            {
                Assert.InRange(attempts, 0, 10);
            }
        }
        Assert.True(attempts > 2);
        foreach (var file in new[] { "weights.safetensors", "weights-average.safetensors", "state.safetensors", "state.json" })
            Assert.Equal(File.ReadAllBytes(Latest(Path.Combine(Folder, "whole"), file)), File.ReadAllBytes(Latest(interrupted, file)));
        Assert.Equal(MetricLines(Path.Combine(Folder, "whole")), MetricLines(interrupted));
        Assert.True(File.Exists(Path.Combine(interrupted, "loss.svg")));
    }

    [Fact]
    public void Parts_and_processes_of_a_batch_make_no_difference_beyond_rounding()
    {
        using var whole = new LineTask();
        Train(whole, Options(steps: 15));
        using var parts = new LineTask();
        Train(parts, Options(steps: 15, accumulation: 2));
        var processes = InProcessGroup.Run(
            2,
            group =>
            {
                using var own = new LineTask();
                using var trainer = new Trainer(own, Options(steps: 15), group);
                trainer.Run();
                return own.Slopes;
            }
        );
        Assert.Equal(processes[0], processes[1]);
        foreach (var slopes in new[] { parts.Slopes, processes[0] })
            Assert.All(whole.Slopes.Zip(slopes), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
    }

    [Fact]
    public void A_stop_that_one_process_is_asked_for_stops_all()
    {
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        var stopped = InProcessGroup.Run(
            2,
            group =>
            {
                using var own = new LineTask();
                using var trainer = new Trainer(own, Options(steps: 15), group);
                Assert.Throws<TrainingStoppedException>(() =>
                    trainer.Run(cancellationToken: group!.Rank == 1 ? stop.Token : CancellationToken.None)
                );
                return true;
            }
        );
        Assert.Equal(2, stopped.Count);
    }

    [Fact]
    public void Parts_weigh_as_their_task_says()
    {
        using var whole = new LineTask { WeighsPoints = true };
        Train(whole, Options(steps: 15));
        using var parts = new LineTask { WeighsPoints = true };
        Train(parts, Options(steps: 15, accumulation: 2));
        var processes = InProcessGroup.Run(
            2,
            group =>
            {
                using var own = new LineTask { WeighsPoints = true };
                using var trainer = new Trainer(own, Options(steps: 15, accumulation: 2), group);
                trainer.Run();
                return own.Slopes;
            }
        );
        foreach (var slopes in new[] { parts.Slopes, processes[1] })
            Assert.All(whole.Slopes.Zip(slopes), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
    }

    [Fact]
    public void The_failure_of_the_first_process_is_told()
    {
        var failure = Assert.Throws<InvalidDataException>(() =>
            InProcessGroup.Run<int>(
                3,
                group =>
                {
                    if (group!.Rank == 1)
                        throw new InvalidDataException("the second");
                    Thread.Sleep(50);
                    throw new InvalidDataException(group.Rank == 0 ? "the first" : "the third");
                }
            )
        );
        Assert.Equal("the first", failure.Message);
    }

    [Fact]
    public void A_failing_process_ends_the_others()
    {
        Assert.Throws<InvalidDataException>(() =>
            InProcessGroup.Run(
                2,
                group =>
                {
                    using var own = new LineTask();
                    using var trainer = new Trainer(own, Options(steps: 15), group);
                    if (group!.Rank == 1)
                        throw new InvalidDataException();
                    return trainer.Run();
                }
            )
        );
    }

    [Fact]
    public void Broken_samples_are_counted_reported_and_skipped()
    {
        using var task = new LineTask { Broken = { 3, 11 } };
        var result = Train(task, Options(steps: 30), Folder);
        Assert.Equal(
            ["point 11 is broken", "point 3 is broken"],
            result.Skipped.OrderBy(pair => pair.Value, StringComparer.Ordinal).Select(pair => pair.Value)
        );
        Assert.DoesNotContain(task.Seen, index => index is 3 or 11);
        Assert.Equal(18, task.Seen.Take(18).Distinct().Count());
        Assert.Equal(
            2,
            MetricsLog.Read(Path.Combine(Folder, "metrics.jsonl")).Count(line => line.GetProperty("kind").GetString() == "skipped")
        );

        using var hopeless = new LineTask();
        foreach (var index in Enumerable.Range(0, 20))
            hopeless.Broken.Add(index);
        Assert.Contains(
            "None of the 20 samples",
            Assert.Throws<ImgAlignException>(() => Train(hopeless, Options(steps: 1))).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_loss_that_is_no_number_stops_the_run_and_leaves_its_data_behind()
    {
        using var task = new LineTask { NotANumberFrom = 16 };
        var message = Assert.Throws<ImgAlignException>(() => Train(task, Options(steps: 30), Folder)).Message;
        Assert.Contains("Step 4 has the loss NaN", message, StringComparison.Ordinal);
        using var inputs = Checkpoint.Open(Path.Combine(Folder, "failed-step-4-process-0", "inputs.safetensors"));
        Assert.Equal([4L, 4L], inputs.Tensors["x"].Shape);
        using var step = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "failed-step-4-process-0", "step.json")));
        Assert.Equal(16, step.RootElement.GetProperty("samples")[0].GetProperty("position").GetInt64());
        Assert.All(task.Slopes, slope => Assert.True(float.IsFinite(slope)));

        using var mended = new LineTask();
        Train(mended, Options(steps: 30), Folder, resume: true);
        using var whole = new LineTask();
        Train(whole, Options(steps: 30));
        Assert.Equal(whole.Slopes, mended.Slopes);
    }

    [Fact]
    public void Evaluations_see_the_averaged_weights()
    {
        using var task = new LineTask();
        var result = Train(task, Options(steps: 10, average: 0.99));
        Assert.True(result.Evaluation["slope"] < task.Slopes.Average() / 2);
    }

    [Fact]
    public void Weights_of_16_bits_do_not_lose_small_steps()
    {
        using var task = new LineTask(torch.bfloat16);
        using (torch.no_grad())
            task.Parameters["slopes"].fill_(1f);
        var options = Options(steps: 60);
        options.LearningRate = 1e-4; // less than half of a step between 16-bit numbers below 1
        options.Optimizer.WeightDecay = 100;
        Train(task, options);
        Assert.All(task.Slopes, slope => Assert.InRange(slope, 0.4f, 0.8f));
    }

    [Fact]
    public void A_run_is_not_continued_with_data_in_parts_of_other_sizes()
    {
        using var task = new LineTask { Parts = [6, 6, 6, 2] };
        Train(task, Options(steps: 3), Folder);
        using var other = new LineTask { Parts = [5, 5, 5, 5] };
        Assert.Contains(
            "parts of other sizes",
            Assert.Throws<ImgAlignException>(() => Train(other, Options(steps: 6), Folder, resume: true)).Message,
            StringComparison.Ordinal
        );
        Train(task, Options(steps: 6), Folder, resume: true);
    }

    [Fact]
    public void Another_run_is_not_continued_and_not_overwritten()
    {
        using var task = new LineTask();
        Train(task, Options(steps: 3), Folder);
        Assert.Contains(
            "continue it",
            Assert.Throws<ImgAlignException>(() => Train(task, Options(steps: 3), Folder)).Message,
            StringComparison.Ordinal
        );
        var other = Options(steps: 3);
        other.Seed = 5;
        Assert.Contains(
            "seed",
            Assert.Throws<ImgAlignException>(() => Train(task, other, Folder, resume: true)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "equal parts",
            Assert.Throws<ImgAlignException>(() => Train(task, Options(steps: 3, accumulation: 3))).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_run_is_traced_and_measured()
    {
        var runs = new ConcurrentQueue<Activity>();
        using var activities = new ActivityListener
        {
            ShouldListenTo = static source => source.Name == TelemetryNames.Source,
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                if (activity.OperationName == "imgalign.train" && Equals(activity.GetTagItem(TrainingNames.Seed), 777L))
                    runs.Enqueue(activity);
            },
        };
        ActivitySource.AddActivityListener(activities);
        // Other tests train, too: this thread's measurements count.
        var thread = Environment.CurrentManagedThreadId;
        var seen = new ConcurrentQueue<(string Instrument, double Value, string? Metric)>();
        using var metrics = new MeterListener
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Meter.Name == TelemetryNames.Source)
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        metrics.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Note(instrument, value, tags));
        metrics.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Note(instrument, value, tags));
        metrics.Start();

        var options = Options(steps: 3);
        options.Seed = 777;
        using var task = new LineTask { Broken = { 3 } };
        foreach (var index in Enumerable.Range(0, 20).Where(index => index > 12))
            task.Broken.Add(index);
        var result = Train(task, options);
        using var failing = new LineTask { NotANumberFrom = 4 };
        Assert.Throws<ImgAlignException>(() => Train(failing, options));

        Assert.Equal([ActivityStatusCode.Unset, ActivityStatusCode.Error], runs.Select(run => run.Status));
        Assert.All(runs, run => Assert.Equal(nameof(LineTask), run.GetTagItem(TrainingNames.Task)));
        Assert.Equal(4, Values(TrainingNames.Steps).Sum());
        Assert.Equal(16, Values(TrainingNames.Samples).Sum());
        Assert.Equal(result.Skipped.Count, Values(TrainingNames.Skipped).Sum());
        Assert.Equal(4, Values(TrainingNames.StepDuration).Count);
        Assert.Equal(result.Metrics["loss"], Values(TrainingNames.Loss)[2]);
        Assert.Equal(result.Metrics["grad_norm"], Values(TrainingNames.Metric, "grad_norm")[2]);
        Assert.Equal([result.Evaluation["slope"]], Values(TrainingNames.Evaluation, "slope"));

        List<double> Values(string instrument, string? metric = null) =>
            [.. seen.Where(value => value.Instrument == instrument && value.Metric == metric).Select(value => value.Value)];

        void Note(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (Environment.CurrentManagedThreadId != thread)
                return;
            string? metric = null;
            foreach (var (name, tag) in tags)
                metric = name == TrainingNames.MetricName ? (string?)tag : metric;
            seen.Enqueue((instrument.Name, value, metric));
        }
    }

    [Fact]
    public void Nothing_is_left_in_memory()
    {
        Train(new LineTask());
        var before = LiveTensors.Count();
        Train(new LineTask());
        Train(new LineTask { NotANumberFrom = 8 });
        Assert.InRange(LiveTensors.Count() - before, 0, 3);

        void Train(LineTask task)
        {
            using (task)
            {
                try
                {
                    TrainerTests.Train(task, Options(steps: 4, average: 0.9), Path.Combine(Folder, Guid.NewGuid().ToString("N")));
                }
                catch (ImgAlignException) { }
            }
        }
    }

    public void Dispose()
    {
        scope.Dispose();
        temporary.Dispose();
    }

    private static TrainerOptions Options(long steps, double? average = null, int accumulation = 1) =>
        new()
        {
            Steps = steps,
            BatchSize = 4,
            LearningRate = 0.05,
            AverageDecay = average,
            AccumulationSteps = accumulation,
            CheckpointEvery = 5,
            MaxGradientNorm = 2,
            Seed = 1,
        };

    private static TrainingResult Train(
        LineTask task,
        TrainerOptions options,
        string? folder = null,
        bool resume = false,
        IProgress<TrainingProgress>? progress = null,
        CancellationToken token = default
    )
    {
        using var trainer = new Trainer(task, options);
        return trainer.Run(folder, resume, progress, token);
    }

    private static string Latest(string folder, string file) =>
        Path.Combine(folder, "checkpoints", File.ReadAllText(Path.Combine(folder, "latest")), file);

    private static string[] MetricLines(string folder) => File.ReadAllLines(Path.Combine(folder, "metrics.jsonl"));

    private sealed class Reports(Action<TrainingProgress> report) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => report(value);
    }
}
