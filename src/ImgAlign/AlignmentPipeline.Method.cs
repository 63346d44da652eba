using ImgAlign.Generation;
using ImgAlign.Running;
using ImgAlign.Search;

namespace ImgAlign;

public sealed partial class AlignmentPipeline
{
    // IMG, section 3, as a search: what happens in a run, in its order, for all of its items at once. The policy says what each round tries;
    // by the paper, that is to align the picture that is kept. What decides says which pictures are kept, and when there is enough.
    private AlignmentResult Align(ResolvedAlignment asked, RunContext run)
    {
        using var generator = new ImageGenerator(backbones, asked.Generation, run);
        var items = SearchTrees(asked);
        run.Plan(PlannedUnits(items, generator));
        var images = FirstPictures(items, generator);
        foreach (var (item, image) in items.Zip(images))
            run.Report(new PictureReady(item.Resolved.Index, image));
        foreach (var (item, image, scores) in items.Zip(images, Score(items, images, run)))
            item.Begin(image, scores);

        using var noImage =
            asked.Aligns && generator.IsGuided ? run.Stage(RunStage.EncodeImage, backbone, imagePrompt!.EncodeUnconditional) : null;
        for (var tries = Next(items, asked); tries.Count > 0; tries = Next(items, asked))
        {
            run.Round++;
            var aligned = tries.TakeWhile(static attempt => attempt.Aligns).ToList();
            var read = tries.TakeWhile(static attempt => attempt.Reads).ToList();
            using var z0 = EncodeParents(aligned, run);
            using var detections = Detect([.. read.Select(static attempt => attempt.Input)], asked.CritiqueTokens, RunStage.Detect, run);
            using var z = z0 is null
                ? null
                : run.Stage(RunStage.Align, aligner!, () => detections.Align(aligner!, z0, asked.Request.AlignerPasses));
            var prompts = z is null ? null : new ImagePromptRows(z, noImage, asked.Generation.Settings.ImagePromptScale);
            foreach (var (place, attempt) in read.Index())
                attempt.Hear(detections[place].Critique, rewriter, backbone, asked.Generation);

            images = generator.Generate(
                [.. tries.Select((attempt, place) => attempt.ToDrawing(attempt.Aligns ? place : null, asked.Request.Strength is not null))],
                prompts
            );
            var scores = Score([.. tries.Select(static attempt => attempt.Tree)], images, run);
            foreach (var (place, attempt) in tries.Index().OrderBy(static attempt => attempt.Item.Number))
            {
                var candidate = attempt.ToCandidate(run.Round, images[place], scores[place], asked.Acceptance);
                attempt.Tree.Add(candidate);
                run.Report(attempt.Tree.Resolved.Index, candidate);
            }
        }
        return ToResult(asked, items, run);
    }

    // What a round tries: those attempts first whose pictures are aligned, then others that the detector reads for.
    private static List<Attempt> Next(IEnumerable<SearchTree> items, ResolvedAlignment asked) =>
        [
            .. items
                .Where(item => !asked.Acceptance.IsEnough(item.Kept.Scores))
                .SelectMany(item => item.Next(asked.Policy, asked.Questions[item.Resolved.Index]))
                .OrderByDescending(static attempt => attempt.Aligns)
                .ThenByDescending(static attempt => attempt.Reads),
        ];
}
