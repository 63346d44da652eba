using System.CommandLine;
using ImgAlign.Cli.Align;
using ImgAlign.Cli.Evaluate;
using ImgAlign.Cli.Jobs;
using ImgAlign.Evaluation;

namespace ImgAlign.Cli.Commands;

/// <summary><c>imgalign evaluate --prompts FILE --out FOLDER</c>: what the method adds to a model on prompts, and at what cost.</summary>
internal static class EvaluateCommand
{
    public static Command Create(Terminal terminal)
    {
        var prompts = new Option<string>("--prompts")
        {
            Description = "The prompts: .txt with one a line, or .jsonl or .csv with prompt, negative, seed, width, height, question.",
            Required = true,
        };
        var seed = ValueOption.Number<long>("--seed", "The first prompt's seed, 0 unless it is said; each further prompt has the next.");
        var arguments = new EvaluationArguments();
        var command = new Command(
            "evaluate",
            "Measure on prompts what the method adds and what it costs, and write a report: on ShapeWorld unless models are named."
        )
        {
            prompts,
            seed,
        };
        arguments.AddTo(command, ScorerArguments.Options.Concat(ModelConfiguration.Options));
        command.SetAction(
            (parsed, token) =>
                arguments.RunAsync(
                    terminal,
                    parsed,
                    ReadPrompts(parsed.GetRequiredValue(prompts), parsed.GetValue(seed) ?? 0),
                    ModelConfiguration.ReadOrShapeWorld(parsed),
                    ArmMatrix.Default,
                    token
                )
        );
        return command;
    }

    private static List<EvaluationPrompt> ReadPrompts(string file, long firstSeed) =>
        [
            .. PromptFile
                .Read(file)
                .Select(
                    (row, index) =>
                        row.ImageFile is null
                            ? new EvaluationPrompt($"{index:00000}", row.Prompt)
                            {
                                NegativePrompt = row.NegativePrompt,
                                Question = row.Question,
                                Size = row.Size,
                                Seeds = [row.Seed ?? firstSeed + index],
                            }
                            : throw new ImgAlignException(
                                $"{file}: prompt {index + 1} has a picture of its own, but an evaluation draws all pictures; leave "
                                    + "'image' out."
                            )
                ),
        ];
}
