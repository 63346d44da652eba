using System.CommandLine;
using ImgAlign.Cli.Align;
using ImgAlign.Cli.Evaluate;
using ImgAlign.Cli.Jobs;
using ImgAlign.Evaluation;
using Microsoft.Extensions.Configuration;

namespace ImgAlign.Cli.Commands;

/// <summary><c>imgalign evaluate --prompts FILE --out FOLDER</c>: what the method adds to a model on prompts, and at what cost.</summary>
internal static class EvaluateCommand
{
    public static Command Create(Terminal terminal)
    {
        var prompts = new Option<string>("--prompts")
        {
            Description =
                "The prompts: .txt with one a line, or .jsonl or .csv with prompt, negative, seed, width, height, question; with "
                + "--benchmark its own file or folder. A file of the hub, such as datasets/owner/name:file, is fetched.",
            Required = true,
        };
        var seed = ValueOption.Number<long>("--seed", "The first prompt's seed, 0 unless it is said; each further prompt has the next.");
        var benchmark = new Option<string?>("--benchmark")
        {
            Description =
                $"The benchmark whose prompts these are, {string.Join(", ", Benchmark.All.Select(static known => known.Name))}: how "
                + "they are laid out, how many pictures a prompt gets, and how --export is written.",
        };
        var arguments = new EvaluationArguments();
        var command = new Command(
            "evaluate",
            "Measure on prompts what the method adds and what it costs, and write a report: on ShapeWorld unless models are named."
        )
        {
            prompts,
            seed,
            benchmark,
        };
        arguments.AddTo(command, [.. arguments.OfGivenPrompts, .. ScorerArguments.Options, .. ModelConfiguration.Options]);
        command.SetAction(
            async (parsed, token) =>
            {
                var known = parsed.GetValue(benchmark) is { } name ? Benchmark.ByName(name) : null;
                if (known is not null && parsed.GetValue(seed) is not null)
                    throw new ImgAlignException("--benchmark says which seeds there are; leave --seed out.");
                var questions = arguments.ReadQuestions(parsed);
                if (known is not null && !questions.IsEmpty)
                    throw new ImgAlignException(
                        $"--benchmark says which questions there are; leave {QuestionFile.OptionName} out, or --benchmark."
                    );
                var path = await arguments.FetchAsync(terminal, parsed, parsed.GetRequiredValue(prompts), token);
                var list = known?.ReadPrompts(path) ?? ReadPrompts(path, parsed.GetValue(seed) ?? 0, questions);
                if (list.Count == 0)
                    throw new ImgAlignException($"{path}: there is no prompt in it.");
                return await arguments.RunAsync(terminal, parsed, list, Read, ArmMatrix.Default, known, token);

                IConfigurationSection Read(RequiredModels required)
                {
                    var configuration = ModelConfiguration.ReadOrShapeWorld(parsed, required);
                    questions.RequireScorer(ScorerArguments.NamesIn(configuration));
                    return configuration;
                }
            }
        );
        return command;
    }

    private static List<EvaluationPrompt> ReadPrompts(string file, long firstSeed, QuestionFile questions) =>
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
                                PictureQuestions = questions.Of(row.Prompt),
                            }
                            : throw new ImgAlignException(
                                $"{file}: prompt {index + 1} has a picture of its own, but an evaluation draws all pictures; leave "
                                    + "'image' out."
                            )
                ),
        ];
}
