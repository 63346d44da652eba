using ImgAlign.Runtime;
using ImgAlign.Training.Parallel;
using TorchSharp;

namespace ImgAlign.Training;

/// <summary>A training from data on disk to a checkpoint that <c>imgalign align</c> takes.</summary>
public abstract class TrainingRun
{
    private readonly DeviceRuntime runtime;
    private readonly TrainingRunOptions options;

    /// <summary>Settles the number of steps.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="options">The options, valid by themselves.</param>
    /// <param name="samples">The number of samples that are trained on.</param>
    private protected TrainingRun(DeviceRuntime runtime, TrainingRunOptions options, int samples)
    {
        this.runtime = runtime;
        this.options = options;
        if (options.Epochs > 0)
            options.Trainer.Steps = Math.Max(1, (long)Math.Ceiling(options.Epochs * samples / options.Trainer.BatchSize));
        options.Trainer.Validate(options.Workers);
    }

    /// <summary>Trains a worker's task to the end of the run.</summary>
    private protected delegate TrainingResult Loop(ITrainingTask task, IProcessGroup group);

    /// <summary>What there is to train on, in words.</summary>
    public abstract string Description { get; }

    /// <summary>Where the result is once the run has ended.</summary>
    public abstract string ResultPath { get; }

    /// <summary>Trains, on the device's thread, or on threads of the workers while that one waits.</summary>
    /// <param name="resume">Whether to go on where the latest checkpoint ends.</param>
    /// <param name="progress">Is told of every step, on the first worker's thread.</param>
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
                return Run(
                    (task, group) =>
                    {
                        using var trainer = new Trainer(task, options.Trainer, group);
                        return trainer.Run(options.OutputPath, resume, progress, cancellationToken);
                    }
                );
            },
            cancellationToken
        );

    /// <summary>Makes every worker's task, has it trained, and writes what remains to be written.</summary>
    private protected abstract TrainingResult Run(Loop train);
}
