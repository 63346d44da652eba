using System.CommandLine;
using System.Globalization;
using System.Text.Json;
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
        var budget = ValueOption.Number<int>(
            "--budget",
            "In place of --rounds: the most pictures that are generated, the first one too; one that is given costs nothing."
        );
        var policy = new Option<string?>("--policy")
        {
            Description = $"What is tried: {PolicyNames}; rounds of the method unless it is said.",
        }.AcceptOnlyFromAmong([.. SearchPolicies.All.Select(static known => known.Name)]);
        var questionFile = QuestionFile.CreateOption();
        var noGate = new Option<bool>("--no-gate")
        {
            Description = "Keep every picture, and not only what the scorers that decide find better.",
        };
        var yes = NamedModels.CreateYes();
        var from = RepeatedPicture.CreateOption();
        var noMetadata = PictureMetadata.CreateOption();
        var command = new Command(
            "align",
            "Generate an image, or take a given one, and align it with the prompt: by ShapeWorld, which comes with the tool, "
                + "unless models are named."
        );
        pictures.AddTo(command);
        Option[] own = [question, questionFile, noCritique, rounds, budget, policy, noGate];
        foreach (
            var option in sampling
                .Options.Concat(own)
                .Concat([yes, from, noMetadata])
                .Concat(ScorerArguments.Options)
                .Concat(ModelConfiguration.Options)
        )
            command.Add(option);
        command.SetAction(
            async (parsed, token) =>
            {
                if (parsed.GetValue(noGate) && ScorerArguments.HasGate(parsed))
                    throw new ImgAlignException(
                        "--no-gate keeps every picture, so that --gate, --gate-vote and --enough decide nothing; leave one out."
                    );
                var repeated = RepeatedPicture.Read(parsed, from);
                parsed = repeated?.Extend(parsed, sampling.OfPictures.Concat(own)) ?? parsed;
                var list = pictures.Read(parsed);
                var pictureQuestions = QuestionFile.Read(parsed.GetValue(questionFile));
                var results = new ResultFolders(list.Root, list.Overwrite, AlignFiles.IsOne);
                var metadata = new PictureMetadata(parsed.GetValue(noMetadata));
                var required = ModelConfiguration.OfSearch(parsed, parsed.GetValue(policy), repeated?.Configuration);
                var configuration = ModelConfiguration.ReadOrShapeWorld(parsed, required, repeated?.Configuration);
                pictureQuestions.RequireScorer(ScorerArguments.NamesIn(configuration));
                var run = new RecordedRun(parsed, sampling.OfPictures.Concat(own), configuration);
                var pending = list.Pending(results, run);
                var settings = sampling.Apply(
                    parsed,
                    new AlignmentRequest
                    {
                        DescribeCritique = !parsed.GetValue(noCritique),
                        Rounds = parsed.GetValue(rounds),
                        Budget = parsed.GetValue(budget),
                        Policy = parsed.GetValue(policy) is { } name ? SearchPolicies.ByName(name) : null,
                        Acceptance = parsed.GetValue(noGate) ? ScoreGate.Open : null,
                    }
                );
                var previews = sampling.PreviewsOf(parsed);
                var runner = new JobRunner(terminal, list, settings.MaxBatchSize);
                if (pending.Count == 0)
                    return await runner.RunAsync(pending, static _ => Task.CompletedTask); // no model is needed
                await NamedModels.FetchMissingAsync(configuration, parsed.GetValue(yes), terminal, token);
                repeated?.RequireSame(run, list.Jobs);
                if (repeated?.Doubt is { } doubt)
                    terminal.Error.WriteText($"warning: {doubt}");
                await using var services = ModelServices.Build(configuration);
                var pipeline = services.GetRequiredService<IAlignmentPipeline>();
                var asked = parsed.GetValue(question);
                var warned = new HashSet<string>();
                return await runner.RunAsync(
                    pending,
                    async jobs =>
                    {
                        var request = settings with
                        {
                            Items =
                            [
                                .. jobs.Select(job =>
                                    job.ToItem() with
                                    {
                                        Question = job.Question ?? asked,
                                        PictureQuestions = pictureQuestions.Of(job.Prompt),
                                    }
                                ),
                            ],
                        };
                        var result = await RunProgress.ShowAsync<AlignmentResult>(
                            terminal.Error,
                            pipeline.StreamAsync(request, token),
                            previews is null ? null : preview => previews(preview, jobs)
                        );
                        foreach (var (job, aligned) in jobs.Zip(result.Items))
                        {
                            var record = AlignRecord.Of(result, aligned, request, job, run);
                            var folder = results.Write(job.Name, AlignFiles.Of(aligned, record, metadata));
                            terminal.Error.WriteWarnings(aligned.Warnings, warned);
                            Write(terminal.Out, aligned, result.Acceptance);
                            terminal.Out.WriteText(folder);
                        }
                    }
                );
            }
        );
        return command;
    }

    private static string PolicyNames => string.Join(", ", SearchPolicies.All.Select(static known => known.Name));

    private static void Write(IAnsiConsole console, AlignedItem result, IAcceptance acceptance)
    {
        var before = result.BaseScores;
        foreach (var candidate in result.Candidates)
        {
            var action = candidate.Action is { } taken ? JsonNamingPolicy.KebabCaseLower.ConvertName($"{taken}") : "first";
            var picture = $"picture {candidate.Number} ({action})";
            if (candidate.Question is { } question)
                console.WriteText($"{picture} asked: {question}");
            if (candidate.Critique is { } critique)
                console.WriteText($"{picture} answered: {critique}");
            foreach (var (score, earlier) in candidate.Scores.Zip(before))
            {
                var change = candidate.Action is null ? Text(score.Value) : Change(candidate, score, earlier, acceptance);
                console.WriteText($"{picture} scored by {score.Scorer}: {change}");
                foreach (var answer in score.Answers.Where(static answer => answer.Probability < JudgedAnswer.UsualPass))
                    console.WriteText(
                        $"{picture} fails by {score.Scorer}: {answer.Question.Text} {answer.Question.Answer}: {Text(answer.Probability)}"
                    );
            }
            if (candidate.Accepted)
                before = candidate.Scores;
        }
    }

    private static string Change(Candidate candidate, NamedScore score, NamedScore earlier, IAcceptance acceptance)
    {
        var isReport = acceptance.Scorers.Count > 0 && !acceptance.Scorers.Contains(score.Scorer);
        var verdict =
            isReport ? "only reported"
            : candidate.Accepted ? "kept"
            : "not kept";
        return $"{Text(earlier.Value)} before, {Text(score.Value)} after, {verdict}";
    }

    private static string Text(double number) => number.ToString("0.000", CultureInfo.InvariantCulture);
}
