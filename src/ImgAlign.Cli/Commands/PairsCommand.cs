using System.CommandLine;
using System.Text;
using ImgAlign.Cli.Align;
using ImgAlign.Cli.Hub;
using ImgAlign.Cli.Jobs;
using ImgAlign.Imaging;
using ImgAlign.Training.Data;
using Microsoft.Extensions.DependencyInjection;

namespace ImgAlign.Cli.Commands;

/// <summary><c>imgalign pairs PROMPT</c>: draws several pictures of each prompt, has scorers judge them, and writes preference pairs for the
/// training of an aligner.</summary>
internal static class PairsCommand
{
    public static Command Create(Terminal terminal)
    {
        var prompts = new JobArguments("A picture that is judged with those that are drawn, or a folder of pictures with their prompts.");
        var sampling = new SamplingArguments();
        var pictures = ValueOption.Number<int>("--pictures", "How many pictures of each prompt are drawn, 2 to 100; 4 unless it is said.");
        var questionFile = QuestionFile.CreateOption();
        var yes = NamedModels.CreateYes();
        var noMetadata = PictureMetadata.CreateOption();
        var command = new Command(
            "pairs",
            "Draw pictures, have scorers judge them, and write pairs for train aligner: by ShapeWorld, which comes with the tool, unless "
                + "models are named."
        );
        prompts.AddTo(command);
        foreach (
            var option in new Option[] { pictures, questionFile, yes, noMetadata }
                .Concat(sampling.Options.Except([sampling.Scale, sampling.Preview]))
                .Concat(ScorerArguments.OptionsWithoutEnd)
                .Concat(ModelConfiguration.BackboneOptions)
        )
            command.Add(option);
        command.SetAction(
            async (parsed, token) =>
            {
                var count = parsed.GetValue(pictures) ?? 4;
                if (count is < 2 or > 100)
                    throw new ImgAlignException($"--pictures is {count}; use 2 to 100.");
                var list = prompts.Read(parsed);
                if (list.Jobs.FirstOrDefault(static job => job.Question is not null) is { } asking)
                    throw new ImgAlignException(
                        $"{asking.Name} has a question to the detector, which pairs does not ask; leave 'question' out, or give questions "
                            + $"for a judge as {QuestionFile.OptionName}."
                    );
                var questions = QuestionFile.Read(parsed.GetValue(questionFile));
                var results = new ResultFolders(list.Root, list.Overwrite, IsOfResult);
                var configuration = ModelConfiguration.ReadOrShapeWorld(parsed, RequiredModels.Selection);
                if (ScorerArguments.NamesIn(configuration).Count == 0)
                    throw new ImgAlignException("There is no scorer to judge pictures by; give --scorer NAME=PATH, or --config with one.");
                questions.RequireScorer(ScorerArguments.NamesIn(configuration));
                ScorerArguments.RemoveEnd(configuration);
                var run = new RecordedRun(parsed, sampling.OfPictures.Concat([pictures, questionFile]), configuration);
                var ofPictures = new RecordedRun(parsed, sampling.OfPictures, ModelConfiguration.OfSamples(configuration));
                var metadata = new PictureMetadata(parsed.GetValue(noMetadata));
                var pending = list.Pending(results, run);
                var settings = sampling.Apply(parsed, new AlignmentRequest { Policy = SearchPolicies.BestOfN, Budget = count });
                var runner = new JobRunner(terminal, list, settings.MaxBatchSize);
                var exitCode = 0;
                if (pending.Count > 0)
                {
                    await NamedModels.FetchMissingAsync(configuration, parsed.GetValue(yes), terminal, token);
                    await using var services = ModelServices.Build(configuration);
                    var pipeline = services.GetRequiredService<IAlignmentPipeline>();
                    var backbone = services.GetRequiredKeyedService<IDiffusionBackbone>(configuration[ModelConfiguration.BackboneKey]);
                    var warned = new HashSet<string>();
                    exitCode = await runner.RunAsync(pending, DrawAsync);

                    async Task DrawAsync(IReadOnlyList<PictureJob> jobs)
                    {
                        var request = settings with
                        {
                            Items = [.. jobs.Select(job => job.ToItem() with { PictureQuestions = questions.Of(job.Prompt) })],
                        };
                        var result = await RunProgress.ShowAsync<AlignmentResult>(terminal.Error, pipeline.StreamAsync(request, token));
                        foreach (var (job, drawn) in jobs.Zip(result.Items))
                        {
                            // The detector that an aligner is trained with reads captions as words.
                            var caption = backbone.ReadPrompt(job.Prompt, result.Settings).Text;
                            var record = AlignRecord.Of(result, drawn, request, job, run) with
                            {
                                Pairs = PairsOf(job, caption, drawn, result.Acceptance),
                            };
                            terminal.Error.WriteWarnings(drawn.Warnings, warned);
                            var pictureJob = settings.Strength is null ? job with { ImageFile = null } : job;
                            var files = drawn.Candidates.Select(candidate =>
                                (
                                    FileOf(candidate),
                                    ImageFile.EncodePng(
                                        candidate.Image,
                                        TextsOf(result, drawn, candidate, pictureJob, ofPictures, metadata)
                                    )
                                )
                            );
                            var json = (ResultFolders.Record, Encoding.UTF8.GetBytes(RecordJson.Write(record)));
                            terminal.Out.WriteText(results.Write(job.Name, files.Append(json)));
                        }
                    }
                }
                var pairs = list
                    .Jobs.Select(job => results.FindRecord(job.Name))
                    .OfType<string>()
                    .SelectMany(RecordJson.ReadPairs)
                    .ToList();
                PreferenceFolder.Write(list.Root, pairs);
                terminal.Out.WriteText($"{pairs.Count} pairs in {Path.Combine(list.Root, PreferenceFolder.FileName)}");
                return exitCode;
            }
        );
        return command;
    }

    private static List<PreferencePair> PairsOf(PictureJob job, string caption, AlignedItem drawn, IAcceptance acceptance) =>
        [
            .. JudgedPairs
                .Of(drawn.Candidates, acceptance)
                .Select(pair => new PreferencePair(caption, PathOf(job, pair.Preferred), PathOf(job, pair.Rejected))
                {
                    Margins = JudgedPairs.Margins(pair.Preferred, pair.Rejected),
                }),
        ];

    private static string PathOf(PictureJob job, Candidate candidate) => $"{job.Name}/{FileOf(candidate)}";

    private static string FileOf(Candidate candidate) => $"{candidate.Number}.png";

    // What each is by itself: a picture of generate, by which it is made again.
    private static IReadOnlyDictionary<string, string>? TextsOf(
        AlignmentResult result,
        AlignedItem drawn,
        Candidate candidate,
        PictureJob job,
        RecordedRun run,
        PictureMetadata metadata
    )
    {
        var record = AlignRecord.OfCandidate(result, drawn, candidate, job, run) with { Command = "generate" };
        return metadata.Of(record.WithoutCosts(), isMadeHere: candidate.Cost > 0);
    }

    private static bool IsOfResult(string file) =>
        file == ResultFolders.Record || (Path.GetExtension(file) == ".png" && int.TryParse(Path.GetFileNameWithoutExtension(file), out _));
}
