using System.Runtime.InteropServices;
using ImgAlign.Runtime;

namespace ImgAlign.Evaluation.Running;

/// <summary>A picture as scorers are given it.</summary>
/// <param name="Image">The picture.</param>
/// <param name="Prompt">What it should show, as scorers read it.</param>
/// <param name="Questions">The questions about it that are given; empty: none.</param>
internal sealed record ScoredPicture(RgbImage Image, string Prompt, IReadOnlyList<PictureQuestion> Questions);

/// <summary>Scores pictures, as many at once as are estimated to fit into memory: a score does not depend on the others.</summary>
internal static class Scoring
{
    /// <summary>Scores pictures, on the worker thread of the scorer's device.</summary>
    /// <param name="scorer">The scorer.</param>
    /// <param name="pictures">At least one picture.</param>
    /// <exception cref="DeviceMemoryException">Not even one fits.</exception>
    public static IReadOnlyList<StoredScore> Score(IImageScorer scorer, IReadOnlyList<ScoredPicture> pictures) =>
        [.. pictures.Chunk(FittingBatch(scorer, pictures)).SelectMany(batch => ScoreTogether(scorer, batch))];

    private static int FittingBatch(IImageScorer scorer, IReadOnlyList<ScoredPicture> pictures)
    {
        IModel model = scorer is IJudgeScorer judging ? judging.Judge : scorer;
        if (model is not IMemoryFootprint footprint)
            return pictures.Count;
        var largest = new ImageSize(
            pictures.Max(static picture => picture.Image.Width),
            pictures.Max(static picture => picture.Image.Height)
        );
        for (var batch = pictures.Count; ; batch /= 2)
        {
            var workload = new Workload
            {
                Size = largest,
                Batch = batch,
                Judges = scorer is IJudgeScorer,
            };
            var estimate = model.Runtime.Estimate(footprint.EstimateStages(workload));
            if (batch == 1)
                estimate.EnsureFits();
            if (estimate.Fits)
                return batch;
        }
    }

    private static IReadOnlyList<StoredScore> ScoreTogether(IImageScorer scorer, ScoredPicture[] batch)
    {
        RgbImage[] images = [.. batch.Select(static picture => picture.Image)];
        string[] prompts = [.. batch.Select(static picture => picture.Prompt)];
        try
        {
            return scorer is IJudgeScorer judge
                ? [.. judge.Score(images, prompts, [.. batch.Select(static picture => picture.Questions)]).Zip(batch, ToStored)]
                : [.. scorer.Score(images, prompts).Select(static score => new StoredScore(score))];
        }
        catch (ExternalException exception) when (OutOfMemory.Is(exception))
        {
            throw new DeviceMemoryException(
                $"{scorer.Runtime.Name} ran out of memory while {scorer.Name} scored {batch.Length} pictures; use a smaller MaxBatchSize, "
                    + "another Residency or Precision, or another scorer.",
                exception
            );
        }
    }

    // A scorer may also ask what it was not given, such as whether the picture shows the prompt.
    private static StoredScore ToStored(JudgedPicture judged, ScoredPicture picture) =>
        new(judged.Score)
        {
            Answers =
                picture.Questions.Count > 0 && judged.Answers.Select(static answer => answer.Question).SequenceEqual(picture.Questions)
                    ? [.. judged.Answers.Select(static answer => answer.Probability)]
                    : null,
        };
}
