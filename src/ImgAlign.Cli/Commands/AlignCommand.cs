using System.CommandLine;
using System.Globalization;
using ImgAlign.Cli.Align;
using ImgAlign.Cli.Hub;
using ImgAlign.Cli.Jobs;
using Microsoft.Extensions.DependencyInjection;
using Spectre.Console;

namespace ImgAlign.Cli.Commands;

/// <summary><c>imgalign align PROMPT</c>: generates an image, or takes a given one, and aligns it with the prompt.</summary>
internal static class AlignCommand
{
    public static Command Create(Terminal terminal)
    {
        var pictures = new JobArguments(
            "An existing picture to align instead of generating one first, or a folder of pictures, each with its prompt in a "
                + ".txt file beside "
                + "it or in its PNG text; a large one is read as it is and generated again in a size that the model was made for."
        );
        var sampling = new SamplingArguments();
        var question = new Option<string?>("--question")
        {
            Description = "The question to the detector, with {prompt} in the prompt's place; otherwise the seed draws one.",
        };
        var noCritique = new Option<bool>("--no-critique") { Description = "Do not have the detector answer its question in words." };
        var rounds = ValueOption.Number<int>("--rounds", "How often the picture is read and generated again; 1 unless it is said.");
        var noGate = new Option<bool>("--no-gate")
        {
            Description = "Keep every round's picture, and not only what the scorers that decide find better.",
        };
        var yes = NamedModels.CreateYes();
        var command = new Command(
            "align",
            "Generate an image, or take a given one, and align it with the prompt: by ShapeWorld, which comes with the tool, "
                + "unless models are named."
        );
        pictures.AddTo(command);
        Option[] own = [question, noCritique, rounds, noGate];
        foreach (var option in sampling.Options.Concat(own).Append(yes).Concat(ScorerArguments.Options).Concat(ModelConfiguration.Options))
            command.Add(option);
        command.SetAction(
            async (parsed, token) =>
            {
                if (parsed.GetValue(noGate) && ScorerArguments.HasGate(parsed))
                    throw new ImgAlignException(
                        "--no-gate keeps every picture, so that --gate, --gate-vote and --enough decide nothing; leave one out."
                    );
                var list = pictures.Read(parsed);
                var results = new ResultFolders(list.Root, list.Overwrite);
                var configuration = ModelConfiguration.ReadOrShapeWorld(parsed);
                var run = new RecordedRun(parsed, sampling.OfPictures.Concat(own), configuration);
                var pending = list.Pending(results, run);
                var settings = sampling.Apply(
                    parsed,
                    new AlignmentRequest
                    {
                        DescribeCritique = !parsed.GetValue(noCritique),
                        Rounds = parsed.GetValue(rounds) ?? 1,
                        Acceptance = parsed.GetValue(noGate) ? new AcceptAll() : null,
                    }
                );
                var runner = new JobRunner(terminal, list, settings.MaxBatchSize);
                if (pending.Count == 0)
                    return await runner.RunAsync(pending, static _ => Task.CompletedTask); // no model is needed
                await NamedModels.FetchMissingAsync(configuration, parsed.GetValue(yes), terminal, token);
                await using var services = ModelServices.Build(configuration);
                var pipeline = services.GetRequiredService<IAlignmentPipeline>();
                var asked = parsed.GetValue(question);
                return await runner.RunAsync(
                    pending,
                    async jobs =>
                    {
                        var request = settings with
                        {
                            Items = [.. jobs.Select(job => job.ToItem() with { Question = job.Question ?? asked })],
                        };
                        var result = await RunProgress.ShowAsync<AlignmentResult>(terminal.Error, pipeline.StreamAsync(request, token));
                        foreach (var (job, aligned) in jobs.Zip(result.Items))
                        {
                            var folder = results.Write(
                                job.Name,
                                aligned.BaseImage,
                                aligned.Image,
                                AlignRecord.Of(result, aligned, request, job, run)
                            );
                            terminal.Error.WriteWarnings(aligned.Warnings);
                            Write(terminal.Out, aligned, result.Acceptance);
                            terminal.Out.WriteText(folder);
                        }
                    }
                );
            }
        );
        return command;
    }

    private static void Write(IAnsiConsole console, AlignedItem result, IAcceptance acceptance)
    {
        var before = result.BaseScores;
        foreach (var round in result.Rounds)
        {
            console.WriteText($"round {round.Number} asked: {round.Question}");
            if (round.Critique is { } critique)
                console.WriteText($"round {round.Number} answered: {critique}");
            foreach (var (score, earlier) in round.Scores.Zip(before))
            {
                var isReport = acceptance.Scorers.Count > 0 && !acceptance.Scorers.Contains(score.Scorer);
                var verdict =
                    isReport ? "only reported"
                    : round.Accepted ? "kept"
                    : "not kept";
                console.WriteText(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"round {round.Number} scored by {score.Scorer}: {earlier.Value:0.000} before, {score.Value:0.000} after, {verdict}"
                    )
                );
            }
            if (round.Accepted)
                before = round.Scores;
        }
    }
}
