using System.CommandLine;
using System.Globalization;
using ImgAlign.Cli.Train;
using ImgAlign.Runtime;
using ImgAlign.ShapeWorld.Training;
using ImgAlign.Training;
using Spectre.Console;
using TorchSharp;

namespace ImgAlign.Cli.Commands;

/// <summary><c>imgalign world train</c>: one stage here, or all of them, each in a process of its own.</summary>
internal static class WorldTrainCommand
{
    public static Command Create(Terminal terminal)
    {
        var stage = new Option<string?>("--stage")
        {
            Description =
                $"Train this stage only; without it, every stage that has not passed yet: {string.Join(", ", WorldTraining.Stages)}.",
        };
        stage.AcceptOnlyFromAmong([.. WorldTraining.Stages]);
        var output = new Option<DirectoryInfo>("--output")
        {
            Description = "The folder of the training; an interrupted one goes on.",
            DefaultValueFactory = _ => new DirectoryInfo("world"),
        };
        var seed = ValueOption.Number<long>("--seed", "The seed of everything that is drawn.");
        var steps = ValueOption.Number<long>("--steps", "Steps in place of those that the stage, or every stage, has of its own.");
        var threads = ValueOption.Number<int>("--threads", "Threads that a stage computes with, 1 by default; results differ in rounding.");
        var jobs = ValueOption.Number<int>("--jobs", "Stages that are trained at once, without --stage; by default one a core.");
        var noAblations = new Option<bool>("--no-ablations") { Description = "Leave the aligners of the ablations out." };
        var noGates = new Option<bool>("--no-gates")
        {
            Description = "Go on whatever a stage reaches; with --steps, try a training cut short, measured on a few samples only.",
        };
        var command = new Command("train", "Train the world stage by stage. Each stage must reach what the next one needs.")
        {
            stage,
            output,
            seed,
            steps,
            threads,
            jobs,
            noAblations,
            noGates,
        };
        command.Validators.Add(result =>
        {
            var isAlone = result.GetValue(stage) is not null;
            if (isAlone && (result.GetValue(jobs) is not null || result.GetValue(noAblations)))
                result.AddError("--jobs and --no-ablations are of no use with --stage, which is one stage.");
            foreach (var number in new[] { jobs, threads })
                if (result.GetValue(number) is < 1)
                    result.AddError($"{number.Name} must be at least 1.");
        });
        command.SetAction(
            (parsed, token) =>
            {
                var folder = parsed.GetRequiredValue(output).FullName;
                var seedOfTraining = parsed.GetValue(seed) ?? 1;
                var training = new WorldTraining(folder, seedOfTraining, hasGates: !parsed.GetValue(noGates));
                var threadsOfStage = parsed.GetValue(threads) ?? 1;
                if (parsed.GetValue(stage) is { } only)
                    return TrainAsync(terminal, training, only, parsed.GetValue(steps), threadsOfStage, token);
                string[] arguments =
                [
                    "world",
                    "train",
                    "--output",
                    folder,
                    "--seed",
                    seedOfTraining.ToString(CultureInfo.InvariantCulture),
                    "--threads",
                    threadsOfStage.ToString(CultureInfo.InvariantCulture),
                    .. parsed.GetValue(steps) is { } few ? ["--steps", few.ToString(CultureInfo.InvariantCulture)] : Array.Empty<string>(),
                    .. parsed.GetValue(noGates) ? ["--no-gates"] : Array.Empty<string>(),
                ];
                var schedule = new StageSchedule(terminal, training, arguments, withAblations: !parsed.GetValue(noAblations));
                return schedule.RunAsync(parsed.GetValue(jobs) ?? Math.Max(1, Environment.ProcessorCount / threadsOfStage), token);
            }
        );
        return command;
    }

    private static async Task<int> TrainAsync(
        Terminal terminal,
        WorldTraining training,
        string stage,
        long? steps,
        int threads,
        CancellationToken cancellationToken
    )
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions { Threads = threads });
        var record = await TrainProgress.ShowAsync(terminal.Error, progress => runtime.RunAsync(() => Run(progress), cancellationToken));
        foreach (var (name, value) in record.Metrics)
            terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{stage}: {name} {value:0.####}"));
        terminal.Out.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{stage}: {record.Steps} steps, {record.Seconds:0} s with {record.Threads} threads"
            )
        );
        if (record.FailedGates.Count == 0)
            return 0;
        var missed = $"Stage {stage} does not reach what the next one needs in {string.Join(", ", record.FailedGates)}";
        if (training.HasGates)
            throw new ImgAlignException($"{missed}; train it for longer, with --stage {stage} --steps N and N beyond {record.Steps}.");
        terminal.Error.WriteText($"{missed}, which is passed over.");
        return 0;

        StageRecord Run(IProgress<TrainingProgress> progress)
        {
            using var scope = torch.NewDisposeScope();
            return training.Run(stage, steps, progress, cancellationToken);
        }
    }
}
