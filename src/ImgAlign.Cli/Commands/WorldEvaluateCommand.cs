using System.CommandLine;
using System.Globalization;
using ImgAlign.Cli.Align;
using ImgAlign.Cli.Evaluate;
using ImgAlign.Evaluation;
using ImgAlign.Runtime;
using ImgAlign.Scorers;
using ImgAlign.ShapeWorld;
using ImgAlign.ShapeWorld.Language;
using ImgAlign.ShapeWorld.Models;
using ImgAlign.ShapeWorld.Training;
using Microsoft.Extensions.Configuration;

namespace ImgAlign.Cli.Commands;

/// <summary>
/// <c>imgalign world evaluate</c>: <c>imgalign evaluate</c> on a trained world and on prompts that are drawn, with the ablations as arms.
/// </summary>
internal static class WorldEvaluateCommand
{
    private const int DefaultCount = 1000;

    // Beside the world's scorer, which is blind for relations: the detector, and one that is always right.
    private static readonly (string Name, string Scorer)[] Deciders =
    [
        ("VQAScore", VqaScorer.DefaultName),
        ("perfect", WorldJudge.ScorerName),
    ];

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
                            Category = drawn.Category,
                            PictureQuestions = drawn.Questions,
                        }
                ),
        ];

    private static IConfigurationSection Configure(string? training, int threads)
    {
        var settings = new Dictionary<string, string?>
        {
            [ModelConfiguration.BackboneKey] = ModelServices.ShapeWorld,
            [JudgeKey("VqaScore")] = ModelServices.ShapeWorld,
            [JudgeKey("SoftTifa")] = ModelServices.ShapeWorld,
            [nameof(RuntimeOptions.Threads)] = threads.ToString(CultureInfo.InvariantCulture),
        };
        if (training is not null)
        {
            settings[Key(nameof(ShapeWorldOptions.Path))] = WorldTraining.WorldOf(training).Root;
            settings[Key(nameof(ShapeWorldOptions.AblationsPath))] = WorldTraining.AblationsOf(training).Root;
        }
        return SettingsFile.ToSection(settings, ModelConfiguration.Section);
    }

    private static string JudgeKey(string section) => $"{section}:{nameof(JudgeOptions.Judge)}";

    // The method's claim is about the first comparisons: IMG against base, and gated IMG against the better of two samples, whoever
    // decides.
    private static ArmMatrix Matrix(bool hasAblations)
    {
        List<EvaluationArm> arms =
        [
            .. ArmMatrix.Default.Arms,
            new("best of 2") { BestOf = 2 },
            .. Deciders.SelectMany(static decider => Decided(decider.Name, decider.Scorer)),
            new("best of 3") { BestOf = 3 },
            new("IMG, two rounds") { Rounds = 2 },
            new("gated IMG, two rounds") { Rounds = 2, Gated = true },
            new("IMG, 1 pass") { Rounds = 1, Passes = 1 },
            new("IMG, 2 passes") { Rounds = 1, Passes = 2 },
        ];
        if (hasAblations)
            arms.AddRange(WorldAblation.All.Select(Arm));
        return new ArmMatrix
        {
            Arms = arms,
            Compare =
            [
                ["IMG", "base"],
                ["IMG", "another sample"],
                ["gated IMG", "best of 2"],
                .. Deciders.Select(static decider => new[] { $"gated IMG, {decider.Name}", $"best of 2, {decider.Name}" }),
                ["gated IMG, two rounds", "best of 3"],
                ["IMG", "IMG, 1 pass"],
                ["IMG", "IMG, 2 passes"],
                .. hasAblations ? WorldAblation.All.Select(static ablation => new[] { "IMG", ablation.Title }) : [],
            ],
        };
    }

    private static IEnumerable<EvaluationArm> Decided(string name, string scorer) =>
        [
            new($"best of 2, {name}") { BestOf = 2, DecidedBy = scorer },
            new($"gated IMG, {name}")
            {
                Rounds = 1,
                Gated = true,
                DecidedBy = scorer,
            },
        ];

    private static EvaluationArm Arm(WorldAblation ablation) =>
        new(ablation.Title)
        {
            Rounds = 1,
            Question = ablation.Question,
            Models = new Dictionary<string, string> { [Key(nameof(ShapeWorldOptions.Ablation))] = ablation.Name },
        };

    private static string Key(string option) => $"{ModelServices.ShapeWorldSection}:{option}";
}
