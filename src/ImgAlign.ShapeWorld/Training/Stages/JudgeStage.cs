using ImgAlign.Detectors;
using ImgAlign.ShapeWorld.Language;
using ImgAlign.ShapeWorld.Scenes;

namespace ImgAlign.ShapeWorld.Training.Stages;

/// <summary>
/// Trains nothing: how often the detector, asked as VQAScore asks, is right about pictures of the base model. What it finds wrong among the
/// wrong ones is what a gate by it can give.
/// </summary>
internal static class JudgeStage
{
    private const int Measured = 128;

    /// <summary>Generates pictures of prompts that are not tested on, and has them judged.</summary>
    /// <param name="context">Where.</param>
    public static StageOutcome Run(StageContext context)
    {
        using var models = new StageModels(context.Folder);
        using var detector = new LlavaDetector(models.Runtime, context.Folder.DetectorOptions());
        var judged = new List<(bool IsRight, bool Approved)>();
        foreach (var group in Enum.GetValues<SceneGroup>())
        {
            var scenes = PromptedScenes.ToMeasure(context.SamplesToMeasure(Measured), group);
            var images = models.Generate(scenes.ToItems(), cancellationToken: context.CancellationToken);
            judged.AddRange(
                scenes
                    .Judge(images)
                    .All.Select(static judgement => judgement.IsRight)
                    .Zip(images.Zip(scenes.Prompts, (image, prompt) => Approves(detector, image, prompt)))
            );
        }
        return new StageOutcome(
            0,
            new Dictionary<string, double>
            {
                ["right"] = Share(judged, static judgement => judgement.IsRight),
                ["approved_of_right"] = Share(judged.Where(static judgement => judgement.IsRight), static judgement => judgement.Approved),
                ["refused_of_wrong"] = Share(judged.Where(static judgement => !judgement.IsRight), static judgement => !judgement.Approved),
            }
        );
    }

    private static bool Approves(LlavaDetector detector, RgbImage image, string prompt)
    {
        using var detection = detector.Detect([new DetectionInput(image, SceneQuestions.Agreement(prompt))], critiqueTokens: 4)[0];
        return detection.Critique == SceneQuestions.Yes;
    }

    private static double Share<T>(IEnumerable<T> items, Func<T, bool> isSo) =>
        items.Select(item => isSo(item) ? 1.0 : 0).DefaultIfEmpty().Average();
}
