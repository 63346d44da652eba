using ImgAlign.Runtime;
using ImgAlign.Training.Optimization;
using ImgAlign.Training.Parallel;
using ImgAlign.Training.Reporting;
using ImgAlign.Training.State;
using static TorchSharp.torch;

namespace ImgAlign.Training;

/// <summary>
/// The one training loop: gradients of a batch, their mean over processes, clipping, AdamW, the average of the weights; metrics,
/// evaluations and checkpoints between steps. Everything follows from the seed, the data and the number of threads, whether a run is
/// interrupted or not.
/// </summary>
public sealed class Trainer : IDisposable
{
    private const string PartWeight = "weight";

    private readonly ITrainingTask task;
    private readonly TrainerOptions options;
    private readonly IProcessGroup group;
    private readonly TrainedParameters parameters;
    private readonly ParameterShards shards;
    private readonly AdamW optimizer;
    private readonly WeightAverage? average;
    private readonly DataOrder order;
    private readonly TrainingState state;

    /// <summary>Prepares a run.</summary>
    /// <param name="task">What is trained; borrowed.</param>
    /// <param name="options">How.</param>
    /// <param name="group">The processes that share every batch, which begin with the weights of the first; borrowed. Null: this one
    /// alone.</param>
    /// <exception cref="ImgAlignException">An option is out of its range, or there are no samples.</exception>
    public Trainer(ITrainingTask task, TrainerOptions options, IProcessGroup? group = null)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(options);
        this.task = task;
        this.options = options;
        this.group = group ?? SingleProcess.Instance;
        options.Validate(this.group.Size);
        if (task.SampleCount < 1)
            throw new ImgAlignException("There are no samples to train on.");
        parameters = new TrainedParameters(task.Parameters, this.group.Size);
        shards = new ParameterShards(parameters, this.group, options.ShardOptimizer);
        if (this.group.Size > 1)
        {
            shards.BroadcastWeights();
            task.AfterBroadcast();
        }
        optimizer = new AdamW(shards.Weights, shards.Gradients, options.Optimizer);
        average = options.AverageDecay is { } decay ? new WeightAverage(optimizer, decay) : null;
        order = new DataOrder(task.Parts, options.Seed, options.Shuffle);
        state = new TrainingState(parameters, shards, optimizer, average, task, options);
    }

    /// <summary>Trains until the last step; the first process alone evaluates and writes. Cancelling ends it after the current step, with a
    /// checkpoint.</summary>
    /// <param name="folder">Where checkpoints and metrics go; null: nowhere.</param>
    /// <param name="resume">Whether to go on where the folder's latest checkpoint ends; a folder without one begins anew.</param>
    /// <param name="progress">Receives every step; called on this thread, in the first process only.</param>
    /// <param name="cancellationToken">Ends the run between two steps.</param>
    /// <exception cref="TrainingStoppedException">It was cancelled, here or in another process.</exception>
    /// <exception cref="ImgAlignException">The loss is no number, no sample can be used, or the folder holds another run.</exception>
    public TrainingResult Run(
        string? folder = null,
        bool resume = false,
        IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        using var stack = SignalStack.Enlarge();
        var files = folder is null ? null : Open(folder, resume);
        using var recorder =
            group.Rank == 0
                ? new TrainingRecorder(task, options, group.Size, files is null ? null : MetricsLog.Open(files.MetricsFile, state.Step))
                : null;
        try
        {
            var result = TakeSteps(files, recorder, progress, cancellationToken);
            if (files is not null && group.Rank == 0)
                LossPlot.Write(files.MetricsFile, files.PlotFile);
            return result;
        }
        catch (Exception exception)
        {
            recorder?.Fail(exception);
            throw;
        }
    }

    /// <summary>Frees gradients, the optimiser's state and the average of the weights; the task stays.</summary>
    public void Dispose()
    {
        average?.Dispose();
        optimizer.Dispose();
        shards.Dispose();
        parameters.Dispose();
    }

    private TrainingResult TakeSteps(
        RunFolder? files,
        TrainingRecorder? recorder,
        IProgress<TrainingProgress>? progress,
        CancellationToken cancellationToken
    )
    {
        var pace = new Pace(state.Step);
        IReadOnlyDictionary<string, double> metrics = new Dictionary<string, double>(),
            evaluation = metrics;
        if (state.Step > 0 && IsDue(options.EvaluateEvery) && files is not null)
        {
            // A process that was killed during an evaluation still owes it.
            var measured = MetricsLog.FindEvaluation(files.MetricsFile, state.Step);
            evaluation =
                group.Any(group.Rank == 0 && measured is null) ? Evaluate(files, recorder, cancellationToken)
                : group.Rank == 0 ? measured!
                : evaluation;
        }
        while (state.Step < options.Steps)
        {
            if (group.Any(cancellationToken.IsCancellationRequested))
            {
                WriteCheckpoint(files);
                throw new TrainingStoppedException();
            }
            metrics = TakeStep(files, recorder);
            recorder?.Step(state.Step, metrics, IsDue(options.LogEvery));
            if (IsDue(options.CheckpointEvery))
                WriteCheckpoint(files);
            var evaluates = IsDue(options.EvaluateEvery);
            if (evaluates)
                evaluation = Evaluate(files, recorder, cancellationToken);
            if (group.Rank == 0)
            {
                progress?.Report(
                    new TrainingProgress(
                        state.Step,
                        options.Steps,
                        metrics,
                        pace.StepsPerSecond(state.Step),
                        pace.Remaining(state.Step, options.Steps),
                        state.Skipped.Count,
                        evaluates ? evaluation : null
                    )
                );
            }
        }
        return new TrainingResult(state.Step, metrics, evaluation, state.Skipped);
    }

    private bool IsDue(long every) => state.Step == options.Steps || every > 0 && state.Step % every == 0;

    // All processes go on from the checkpoint that the first one finds, so that the folder must be one that all of them see.
    private RunFolder Open(string folder, bool resume)
    {
        var files = new RunFolder(folder);
        if (group.Rank == 0)
        {
            if (files.FindLatest() is not null && !resume)
                throw new ImgAlignException($"{folder} holds a run already; continue it (resume), or choose another folder.");
            files.Clean();
        }
        var latest = group.Broadcast(files.FindLatest() is { } found ? Path.GetFileName(found) : "");
        if (latest.Length > 0)
            state.Read(files.FindCheckpoint(latest));
        return files;
    }

    private void WriteCheckpoint(RunFolder? files)
    {
        if (files is null)
            return;
        shards.WriteWhole(
            state.Sources,
            whole => files.WriteCheckpoint(state.Step, options.KeepCheckpoints, path => state.Write(path, whole))
        );
        group.Wait(); // no process may end while the first one writes
    }

    private Dictionary<string, double> TakeStep(RunFolder? files, TrainingRecorder? recorder)
    {
        var (rate, position) = (options.RateAt(state.Step), state.Position);
        var batch = DrawBatch(recorder);
        RequireSameBatch(batch);
        var metrics = ComputeGradients(batch, files);
        metrics["grad_norm"] = shards.NormOfAll(GradientNorm.Measure(shards.Gradients));
        GradientNorm.Limit(shards.Gradients, metrics["grad_norm"], options.MaxGradientNorm);
        metrics["learning_rate"] = rate;
        if (!double.IsFinite(metrics["loss"]) || !double.IsFinite(metrics["grad_norm"]))
            throw Failure(metrics, files, position);
        optimizer.Step(rate);
        shards.GatherWeights();
        average?.Update();
        task.AfterStep(metrics);
        state.Step++;
        return metrics;
    }

    // The next samples that can be used.
    private List<SampleDraw> DrawBatch(TrainingRecorder? recorder)
    {
        var batch = new List<SampleDraw>(options.BatchSize);
        while (batch.Count < options.BatchSize)
        {
            var draw = order.At(state.Position++);
            if (state.Skipped.ContainsKey(draw.Index))
                continue;
            if (task.FindProblem(draw.Index) is not { } problem)
            {
                batch.Add(draw);
                continue;
            }
            state.Skipped.Add(draw.Index, problem);
            recorder?.Skip(state.Step, draw.Index, problem);
            if (state.Skipped.Count == task.SampleCount)
                throw new ImgAlignException($"None of the {task.SampleCount} samples can be used; the last one: {problem}");
        }
        return batch;
    }

    // Each process takes a share of the batch, which must be the same one everywhere.
    private void RequireSameBatch(List<SampleDraw> batch)
    {
        var drawn = string.Join(' ', batch.Select(static draw => draw.Index));
        if (group.Any(group.Broadcast(drawn) != drawn))
            throw new ImgAlignException(
                $"The processes draw different samples for step {state.Step}: some cannot use a sample that others can, or they have other "
                    + "data or another configuration; give all of them the same."
            );
    }

    private Dictionary<string, double> ComputeGradients(List<SampleDraw> batch, RunFolder? files)
    {
        parameters.ZeroGradients();
        var share = batch.Count / group.Size;
        var metrics = new Dictionary<string, double> { [PartWeight] = 0 };
        var parts = batch.Skip(group.Rank * share).Take(share).Chunk(share / options.AccumulationSteps).ToList();
        GradientReduction? reduction = null;
        try
        {
            foreach (var part in parts)
            {
                using var scope = NewDisposeScope();
                using var gradients = enable_grad();
                var loss = task.ComputeLoss(part);
                // A whole batch has nothing to be weighed against.
                var weight = (part.Length == batch.Count ? null : loss.Weight) ?? part.Length;
                var divisor = share / weight;
                if (part == parts[^1])
                    reduction = BeginReduction();
                loss.Total.DividedBy(divisor).backward();
                foreach (var (name, value) in loss.Metrics.Append(KeyValuePair.Create("loss", loss.Total)))
                    metrics[name] = metrics.GetValueOrDefault(name) + value.detach().to(float64).item<double>() / divisor;
                metrics[PartWeight] += weight;
                if (!double.IsFinite(metrics["loss"]) && files is not null)
                    FailedStep.Write(files.CreateFailureFolder(state.Step, group.Rank), state.Step, part, metrics, loss.Inputs);
            }
            reduction?.Finish();
        }
        finally
        {
            reduction?.Dispose();
        }
        return Normalize(MeanOfProcesses(metrics), share);
    }

    private GradientReduction? BeginReduction() =>
        group.Size == 1
            ? null
            : new GradientReduction(
                parameters.Buckets,
                group,
                shards.IsSharded,
                options.ReduceInBFloat16,
                addsOnce: task.AddsToGradientsOnce
            );

    // Parts were summed as though they weighed as much as they have samples.
    private Dictionary<string, double> Normalize(Dictionary<string, double> metrics, int share)
    {
        metrics.Remove(PartWeight, out var weight);
        if (weight == share)
            return metrics;
        using var noGrad = no_grad();
        foreach (var gradient in shards.Gradients)
            gradient.TimesInPlace(share / weight);
        return metrics.ToDictionary(static pair => pair.Key, pair => pair.Value * share / weight);
    }

    private Dictionary<string, double> MeanOfProcesses(Dictionary<string, double> metrics)
    {
        var values = metrics.Values.ToArray();
        group.Sum(values);
        return metrics.Keys.Zip(values).ToDictionary(static pair => pair.First, pair => pair.Second / group.Size);
    }

    private ImgAlignException Failure(Dictionary<string, double> metrics, RunFolder? files, long position)
    {
        state.Position = position;
        WriteCheckpoint(files);
        var where = files is null
            ? ""
            : $" The weights before this step are in {files.FindLatest()}, the data of its failed parts in {files.Path}.";
        return new ImgAlignException(
            $"Step {state.Step} has the loss {metrics["loss"]} and a gradient of norm {metrics["grad_norm"]}: training has "
                + $"diverged, or a sample is broken; try a lower learning rate or a limit on the gradient.{where}"
        );
    }

    // The first process measures while the others wait; where they have parts of the averaged weights, these are exchanged everywhere.
    private IReadOnlyDictionary<string, double> Evaluate(RunFolder? files, TrainingRecorder? recorder, CancellationToken cancellationToken)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        WriteCheckpoint(files); // an evaluation may be long, and may be cancelled
        ExchangeAverage();
        var measured = (IReadOnlyDictionary<string, double>)new Dictionary<string, double>();
        try
        {
            if (recorder is not null)
                measured = recorder.Evaluate(state.Step, () => task.Evaluate(cancellationToken));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // All processes end together, below.
        }
        ExchangeAverage();
        if (group.Any(cancellationToken.IsCancellationRequested))
            throw new TrainingStoppedException();
        return measured;
    }

    private void ExchangeAverage()
    {
        average?.Exchange();
        if (average is not null)
            shards.GatherWeights();
    }
}
