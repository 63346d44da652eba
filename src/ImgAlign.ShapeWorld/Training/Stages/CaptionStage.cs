using ImgAlign.ShapeWorld.Language;
using ImgAlign.ShapeWorld.Scenes;

namespace ImgAlign.ShapeWorld.Training.Stages;

/// <summary>
/// A LLaVA that says in one fixed form what a picture shows, or what a sentence says. Reading has to be learned by itself: from answers
/// alone, which object is where is hardly learned.
/// </summary>
internal sealed class CaptionStage(StageContext context, long seed) : LlavaStage(context, context.Describing, seed)
{
    /// <summary>Asks for a description of the picture, or of a sentence.</summary>
    /// <param name="sample">The picture, and where all choices come from.</param>
    internal static Exchange AskToDescribe(SceneSample sample)
    {
        var random = sample.Random;
        if (random.Below(2) == 0)
            return new("Describe the image.", Captions.WriteCanonical(sample.Scene), SceneSlots.Picture(sample.Scene));
        // The picture is of no use here.
        var other = Scene.Draw(random, sample.Scene.Group);
        var sentence = Captions.Write(other, random);
        return new($"Describe the prompt: {sentence}.", Captions.WriteCanonical(other), SceneSlots.Sentence(sentence, other));
    }

    protected override Exchange Ask(SceneSample sample) => AskToDescribe(sample);

    /// <summary>How often descriptions are right, to the letter.</summary>
    protected override IEnumerable<KeyValuePair<string, double>> Measure(SceneGroup group) =>
        [RightAnswers("right_descriptions", group, AskToDescribe)];
}
