using System.CommandLine;
using System.Globalization;
using ImgAlign.Cli.Align;
using ImgAlign.Cli.Evaluate;
using ImgAlign.Evaluation;
using ImgAlign.Runtime;
using ImgAlign.ShapeWorld;
using ImgAlign.ShapeWorld.Language;
using ImgAlign.ShapeWorld.Training;
using Microsoft.Extensions.Configuration;

namespace ImgAlign.Cli.Commands;

/// <summary>
/// <c>imgalign world evaluate</c>: <c>imgalign evaluate</c> on a trained world and on prompts that are drawn, with the ablations as arms.
/// </summary>
internal static class WorldEvaluateCommand
{
    private const int DefaultCount = 1000;

    public static Command Create(Terminal terminal)
    {
        var training = new Argument<DirectoryInfo?>("training")
        {
            Description =
                "The folder of a training (world train --output), for the world and the ablations in it; without it, the world that comes "
                + "with the tool.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var count = ValueOption.Number<int>("--count", $"The number of prompts, {DefaultCount} unless it is said.");
        var seed = ValueOption.Number<long>("--seed", "The seed of the prompts, 1 unless it is said.");
        var noAblations = new Option<bool>("--no-ablations") { Description = "Leave the ablations out." };
        var threads = ValueOption.Number<int>("--threads", "Threads to compute with, 1 unless it is said.");
        var arguments = new EvaluationArguments();
        var command = new Command("evaluate", "Measure on new prompts what the method adds, and write a report.")
        {
            training,
            count,
            seed,
            noAblations,
            threads,
        };
        arguments.AddTo(command, []);
        command.SetAction(
            (parsed, token) =>
            {
                var folder = parsed.GetValue(training)?.FullName;
                var hasAblations = folder is not null && !parsed.GetValue(noAblations);
                return arguments.RunAsync(
                    terminal,
                    parsed,
                    DrawPrompts(parsed.GetValue(count) ?? DefaultCount, parsed.GetValue(seed) ?? 1),
                    _ => Configure(folder, parsed.GetValue(threads) ?? 1),
                    Matrix(hasAblations),
                    benchmark: null,
                    token
                );
            }
        );
        return command;
    }

    private static List<EvaluationPrompt> DrawPrompts(int count, long seed) =>
        [
            .. WorldPrompt
                .Draw(count, seed)
                .Select(
                    static (drawn, index) =>
                        new EvaluationPrompt($"{index:00000}", drawn.Prompt)
                        {
                            Seeds = [index],
                            Category = drawn.IsHeldOut ? "held-out pair" : "seen pair",
                        }
                ),
        ];

    private static IConfigurationSection Configure(string? training, int threads)
    {
        var settings = new Dictionary<string, string?>
        {
            [ModelConfiguration.BackboneKey] = ModelServices.ShapeWorld,
            [nameof(RuntimeOptions.Threads)] = threads.ToString(CultureInfo.InvariantCulture),
        };
        if (training is not null)
        {
            settings[Key(nameof(ShapeWorldOptions.Path))] = WorldTraining.WorldOf(training).Root;
            settings[Key(nameof(ShapeWorldOptions.AblationsPath))] = WorldTraining.AblationsOf(training).Root;
        }
        return SettingsFile.ToSection(settings, ModelConfiguration.Section);
    }

    // The two comparisons that the method's claim is about, IMG against base and gated IMG against best of 2, are among the default ones.
    private static ArmMatrix Matrix(bool hasAblations) =>
        new()
        {
            Arms =
            [
                .. ArmMatrix.Default.Arms,
                new("best of 2") { BestOf = 2 },
                new("best of 3") { BestOf = 3 },
                new("IMG, two rounds") { Rounds = 2 },
                new("gated IMG, two rounds") { Rounds = 2, Gated = true },
                new("IMG, 1 pass") { Rounds = 1, Passes = 1 },
                new("IMG, 2 passes") { Rounds = 1, Passes = 2 },
                .. hasAblations ? WorldAblation.All.Select(Arm) : [],
            ],
        };

    private static EvaluationArm Arm(WorldAblation ablation) =>
        new(ablation.Title)
        {
            Rounds = 1,
            Question = ablation.Question,
            Models = new Dictionary<string, string> { [Key(nameof(ShapeWorldOptions.Ablation))] = ablation.Name },
        };

    private static string Key(string option) => $"{ModelServices.ShapeWorldSection}:{option}";
}
