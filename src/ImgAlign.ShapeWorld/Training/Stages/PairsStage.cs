using ImgAlign.Imaging;
using ImgAlign.Sampling;
using ImgAlign.ShapeWorld.Language;
using ImgAlign.ShapeWorld.Scenes;
using ImgAlign.Training;
using ImgAlign.Training.Data;

namespace ImgAlign.ShapeWorld.Training.Stages;

/// <summary>
/// Preference pairs, as people make them: for each prompt some pictures of the base model, and to every wrong one a wholly right one is
/// preferred. Where the model has drawn none, it is one drawn by formulas. Prompts of held-out scenes are not among them.
/// </summary>
internal static class PairsStage
{
    private const int PromptsAtOnce = 50;

    /// <summary>Generates and judges pictures, and writes the pairs among them in the layout of <see cref="PreferenceFolder"/>.</summary>
    /// <param name="context">Where.</param>
    /// <param name="prompts">How many prompts; fewer where the training is cut short.</param>
    /// <param name="picturesPerPrompt">How many pictures for each.</param>
    public static StageOutcome Run(StageContext context, int prompts, int picturesPerPrompt)
    {
        if (context.IsCutShort)
            prompts = 2 * PromptsAtOnce;
        using var models = new StageModels(context.Folder);
        Directory.CreateDirectory(context.RunFolder);
        var pairs = new List<PreferencePair>();
        var right = 0;
        for (var start = 0; start < prompts; start += PromptsAtOnce)
        {
            context.CancellationToken.ThrowIfCancellationRequested();
            var samples = Enumerable
                .Range(start, PromptsAtOnce)
                .Select(index => SceneSample.Draw(SeedSequence.At(context.Seed, index)))
                .ToList();
            var captions = samples.Select(static sample => Captions.Write(sample.Scene, sample.Random)).ToList();
            var images = models.Generate(
                captions
                    .SelectMany(caption => Enumerable.Repeat(caption, picturesPerPrompt))
                    .Select(
                        (caption, place) =>
                            new GenerationItem(caption) { Seed = SeedSequence.OtherNoise(context.Seed, start * picturesPerPrompt + place) }
                    ),
                cancellationToken: context.CancellationToken
            );
            for (var i = 0; i < PromptsAtOnce; i++)
            {
                var own = images
                    .Skip(i * picturesPerPrompt)
                    .Take(picturesPerPrompt)
                    .ToLookup(image => SceneEvaluator.Judge(image, samples[i].Scene).IsRight);
                right += own[true].Count();
                var preferred = own[true]
                    .DefaultIfEmpty(samples[i].Image)
                    .Select((image, number) => Save(image, $"{start + i}-right-{number}.png"))
                    .ToList();
                pairs.AddRange(
                    own[false]
                        .Select(
                            (image, number) =>
                                new PreferencePair(
                                    captions[i],
                                    preferred[number % preferred.Count],
                                    Save(image, $"{start + i}-wrong-{number}.png")
                                )
                        )
                );
            }
        }
        PreferenceFolder.Write(context.RunFolder, pairs);
        return new StageOutcome(
            0,
            new Dictionary<string, double> { ["pairs"] = pairs.Count, ["right"] = (double)right / (prompts * picturesPerPrompt) }
        );

        string Save(RgbImage image, string name)
        {
            ImageFile.SavePng(Path.Combine(context.RunFolder, name), image);
            return name;
        }
    }
}
