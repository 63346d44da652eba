using System.CommandLine;
using System.Globalization;
using ImgAlign.Cli.Train;
using ImgAlign.Runtime;
using ImgAlign.ShapeWorld.Evaluation;
using ImgAlign.ShapeWorld.Models;
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
            CreateEvaluate(terminal),
            WorldExportCommand.Create(terminal),
        };

    private static Command CreateEvaluate(Terminal terminal)
    {
        var training = new Argument<DirectoryInfo?>("training")
        {
            Description =
                "The folder of a training (world train --output), for the world and the ablations in it; without it, the world "
                + "that comes with the tool.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var output = new Option<FileInfo>("--output")
        {
            Description = "The report, an HTML file.",
            DefaultValueFactory = _ => new FileInfo("shapeworld.html"),
        };
        var prompts = ValueOption.Number<int>("--prompts", "The number of prompts.");
        var seed = ValueOption.Number<long>("--seed", "The seed of prompts and noise.");
        var scale = ValueOption.Number<double>("--scale", "The image prompt's scale.");
        var guidance = ValueOption.Number<double>("--guidance", "The scale of classifier-free guidance.");
        var passes = ValueOption.Number<int>("--passes", "The aligner's passes.");
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace a report of an earlier evaluation." };
        var noAblations = new Option<bool>("--no-ablations") { Description = "Leave the ablations out." };
        var threads = ValueOption.Number<int>("--threads", "Threads to compute with.");
        var command = new Command("evaluate", "Measure on new prompts what the method adds, and write a report.")
        {
            training,
            output,
            overwrite,
            prompts,
            seed,
            scale,
            guidance,
            passes,
            noAblations,
            threads,
        };
        command.SetAction(
            (parsed, token) =>
            {
                var report = parsed.GetRequiredValue(output).FullName;
                OutputPath.RequireFree(report, parsed.GetValue(overwrite));
                var folder = parsed.GetValue(training)?.FullName;
                var defaults = new EvaluationOptions();
                var options = new EvaluationOptions
                {
                    Prompts = parsed.GetValue(prompts) ?? defaults.Prompts,
                    Seed = parsed.GetValue(seed) ?? defaults.Seed,
                    Scale = parsed.GetValue(scale) ?? defaults.Scale,
                    Guidance = parsed.GetValue(guidance) ?? defaults.Guidance,
                    Passes = parsed.GetValue(passes) ?? defaults.Passes,
                };
                var world = folder is null ? WorldFolder.Embedded : WorldTraining.WorldOf(folder);
                var ablations = folder is null || parsed.GetValue(noAblations) ? null : WorldTraining.AblationsOf(folder);
                return EvaluateAsync(terminal, world, ablations, options, report, parsed.GetValue(threads), token);
            }
        );
        return command;
    }

    private static async Task<int> EvaluateAsync(
        Terminal terminal,
        WorldFolder world,
        WorldFolder? ablations,
        EvaluationOptions options,
        string report,
        int? threads,
        CancellationToken cancellationToken
    )
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions { Threads = threads });
        using var evaluation = new WorldEvaluation(runtime, world, ablations, options);
        var result = await evaluation.RunAsync(new Lines(terminal), cancellationToken);
        result.WriteReport(report);
        foreach (var comparison in result.Claim)
            terminal.Out.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{comparison.Name} against {comparison.Baseline}: {comparison.Wins} wins, {comparison.Ties} ties, "
                        + $"{comparison.Losses} losses, p {comparison.PValue:0.0e+0}"
                )
            );
        terminal.Out.WriteText(report);
        return 0;
    }

    private sealed class Lines(Terminal terminal) : IProgress<string>
    {
        public void Report(string value) => terminal.Error.WriteText(value);
    }

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
