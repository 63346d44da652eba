using ImgAlign.Runtime;
using ImgAlign.Training.Parallel;
using TorchSharp;

namespace ImgAlign.Training;

/// <summary>A training from data on disk to a checkpoint that <c>imgalign align</c> takes.</summary>
public abstract class TrainingRun
{
    private readonly DeviceRuntime runtime;
    private readonly TrainingRunOptions options;
    private readonly IProcessGroup? group;

    /// <summary>Settles the number of steps.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="options">The options, valid by themselves.</param>
    /// <param name="samples">The number of samples that are trained on.</param>
    /// <param name="group">The processes that share every batch; null: this one alone.</param>
    private protected TrainingRun(DeviceRuntime runtime, TrainingRunOptions options, int samples, IProcessGroup? group)
    {
        this.runtime = runtime;
        this.options = options;
        this.group = group;
        if (options.Epochs > 0)
            options.Trainer.Steps = Math.Max(1, (long)Math.Ceiling(options.Epochs * samples / options.Trainer.BatchSize));
        options.Trainer.Validate(group?.Size ?? 1);
    }

    /// <summary>Trains a task to the end of the run.</summary>
    private protected delegate TrainingResult Loop(ITrainingTask task);

    /// <summary>What there is to train on, in words.</summary>
    public abstract string Description { get; }

    /// <summary>Where the result is once the run has ended.</summary>
    public abstract string ResultPath { get; }

    /// <summary>Trains, on the device's thread.</summary>
    /// <param name="resume">Whether to go on where the latest checkpoint ends.</param>
    /// <param name="progress">Receives every step, in the first process only.</param>
    /// <param name="cancellationToken">Ends the run after its current step, with a checkpoint.</param>
    public Task<TrainingResult> RunAsync(
        bool resume = false,
        IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellationToken = default
    ) =>
        runtime.RunAsync(
            () =>
            {
                using var scope = torch.NewDisposeScope();
                return Run(task =>
                {
                    using var trainer = new Trainer(task, options.Trainer, group);
                    return trainer.Run(options.OutputPath, resume, progress, cancellationToken);
                });
            },
            cancellationToken
        );

    /// <summary>Which process this is, from 0.</summary>
    private protected int Rank => group?.Rank ?? 0;

    /// <summary>Makes the task, has it trained, and writes what remains to be written.</summary>
    private protected abstract TrainingResult Run(Loop train);

    /// <summary>Reads data that are taken apart when they are read for the first time: the first process does so, and the others read what
    /// it has written.</summary>
    private protected static async Task<T> ReadInTurnAsync<T>(IProcessGroup? group, Func<Task<T>> readAsync)
    {
        if (group is { Rank: > 0 })
            group.Wait();
        var data = await readAsync();
        if (group is { Rank: 0 })
            group.Wait();
        return data;
    }
}
