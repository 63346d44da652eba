using ImgAlign.Generation;
using ImgAlign.Running;

namespace ImgAlign;

public sealed partial class AlignmentPipeline
{
    // IMG, section 3: what happens in a run, in its order, for all of its items at once. Prompt features, noise and the features of "no
    // image" are computed once. What decides says which pictures are kept, and which items take part in further rounds.
    private AlignmentResult Align(ResolvedAlignment asked, RunContext run)
    {
        var (request, acceptance) = (asked.Request, asked.Acceptance);
        using var generator = new ImageGenerator(backbones, asked.Generation, run);
        var items = request.Items.Select(static (item, index) => new AlignmentState(index, item)).ToList();
        run.Plan(PlannedUnits(items, request, generator));
        var isDrawn = items.Where(static item => item.Item.Image is null).ToList();
        foreach (var (item, image) in isDrawn.Zip(generator.Generate(IndicesOf(isDrawn))))
            item.Begin(image);
        foreach (var item in items)
            run.Report(new PictureReady(item.Index, item.Image));
        foreach (var (item, scores) in items.Zip(Score(items, [.. items.Select(static item => item.Image)], run)))
            item.Begin(scores);

        using var noImage = generator.IsGuided ? run.Stage(RunStage.EncodeImage, backbone, imagePrompt.EncodeUnconditional) : null;
        for (var open = StillOpen(items, acceptance); open.Count > 0 && run.Round < request.Rounds; open = StillOpen(open, acceptance))
        {
            run.Round++;
            var questions = open.Select(item => asked.Questions[item.Index][run.Round - 1]).ToList();
            using var z0 = run.EncodeImages(backbone, imagePrompt, [.. open.Select(static item => item.Image)]);
            using var detections = Detect(
                [.. open.Zip(questions, static (item, question) => new DetectionInput(item.Image, question))],
                asked.CritiqueTokens,
                RunStage.Detect,
                run
            );
            using var z = run.Stage(RunStage.Align, aligner, () => detections.Align(aligner, z0, request.AlignerPasses));
            var prompts = new ImagePromptRows(IndicesOf(open), z, noImage, asked.Generation.Settings.ImagePromptScale);
            List<RgbImage>? starts = request.Strength is null ? null : [.. open.Select(static item => item.Image)];
            var images = generator.Generate(IndicesOf(open), prompts, starts);

            var scores = Score(open, images, run);
            foreach (var (place, item) in open.Index())
            {
                item.EndRound(
                    new AlignmentRound
                    {
                        Number = run.Round,
                        Question = questions[place],
                        Critique = detections[place].Critique,
                        Image = images[place],
                        Scores = scores[place],
                        Accepted = acceptance.Accepts(item.Scores, scores[place]),
                    }
                );
                run.EndRound(item.Index, item.Rounds[^1]);
            }
        }
        return new AlignmentResult
        {
            Items = [.. items.Select(item => item.ToResult(asked.Generation.Items[item.Index]))],
            Settings = asked.Generation.Settings,
            Backbone = backbone.Info,
            Acceptance = acceptance,
            Report = run.Finish(),
        };
    }

    private static List<AlignmentState> StillOpen(IEnumerable<AlignmentState> items, IAcceptance acceptance) =>
        [.. items.Where(item => !acceptance.IsDone(item.Scores, item.LastAccepted))];

    private static int[] IndicesOf(IEnumerable<AlignmentState> items) => [.. items.Select(static item => item.Index)];
}
