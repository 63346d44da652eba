using System.CommandLine;
using System.Globalization;
using ImgAlign.Cli.Train;
using ImgAlign.Runtime;
using ImgAlign.ShapeWorld.Training;
using ImgAlign.Training;
using Spectre.Console;
using TorchSharp;

namespace ImgAlign.Cli.Commands;

/// <summary><c>imgalign world</c>: ShapeWorld, in which the whole method is trained from scratch.</summary>
internal static class WorldCommand
{
    public static Command Create(Terminal terminal) =>
        new("world", "ShapeWorld, a small world in which the whole method is trained from scratch.")
        {
            CreateTrain(terminal),
            WorldEvaluateCommand.Create(terminal),
            WorldExportCommand.Create(terminal),
        };

    private static Command CreateTrain(Terminal terminal)
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
        var steps = ValueOption.Number<long>("--steps", "Steps in place of the stage's own, with --stage.");
        var threads = ValueOption.Number<int>("--threads", "Threads to compute with; results differ in rounding.");
        var command = new Command("train", "Train the world stage by stage. Each stage must reach what the next one needs.")
        {
            stage,
            output,
            seed,
            steps,
            threads,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(steps) is not null && result.GetValue(stage) is null)
                result.AddError("--steps needs --stage: every stage has steps of its own.");
        });
        command.SetAction(
            (parsed, token) =>
            {
                var only = parsed.GetValue(stage);
                var training = new WorldTraining(parsed.GetRequiredValue(output).FullName, parsed.GetValue(seed) ?? 1);
                return TrainAsync(
                    terminal,
                    training,
                    only is null ? WorldTraining.Stages : [only],
                    parsed.GetValue(steps),
                    parsed.GetValue(threads),
                    token
                );
            }
        );
        return command;
    }

    private static async Task<int> TrainAsync(
        Terminal terminal,
        WorldTraining training,
        IReadOnlyList<string> stages,
        long? steps,
        int? threads,
        CancellationToken cancellationToken
    )
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions { Threads = threads });
        foreach (var stage in stages)
        {
            if (stages.Count > 1 && training.FindRecord(stage) is { FailedGates.Count: 0 })
                continue;
            terminal.Error.WriteText($"stage {stage}");
            StageRecord Run(IProgress<TrainingProgress> progress)
            {
                using var scope = torch.NewDisposeScope();
                return training.Run(stage, steps, progress, cancellationToken);
            }
            var record = await TrainProgress.ShowAsync(
                terminal.Error,
                progress => runtime.RunAsync(() => Run(progress), cancellationToken)
            );
            Write(terminal, record);
            if (record.FailedGates.Count > 0)
                throw new ImgAlignException(
                    $"Stage {stage} does not reach what the next one needs in {string.Join(", ", record.FailedGates)}; train it "
                        + $"for longer, with --stage {stage} --steps N and N beyond {record.Steps}."
                );
        }
        terminal.Out.WriteText(training.Folder.Root);
        return 0;
    }

    private static void Write(Terminal terminal, StageRecord record)
    {
        foreach (var (name, value) in record.Metrics)
            terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{record.Stage}: {name} {value:0.####}"));
        terminal.Out.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{record.Stage}: {record.Steps} steps, {record.Seconds:0} s with {record.Threads} threads, weights "
                    + $"{record.WeightsHash[..16]}"
            )
        );
    }
}
