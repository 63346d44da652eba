using ImgAlign.ShapeWorld.Language;
using ImgAlign.ShapeWorld.Models;
using ImgAlign.ShapeWorld.Scenes;

namespace ImgAlign.ShapeWorld.Training.Stages;

/// <summary>
/// The LLaVA that describes pictures learns to answer questions about them by yes and no, too. It stands for one as published, which was
/// never asked how to change a picture: the ablation "not fine-tuned".
/// </summary>
internal sealed class AnswerStage(StageContext context, long seed)
    : LlavaStage(context, context.Ablations, seed, startsFrom: context.Describing)
{
    private const double DescriptionPart = 0.25;

    /// <summary>A question about a picture that is answered by yes or no, each half of the time.</summary>
    /// <param name="sample">The picture, and where all choices come from.</param>
    internal static Exchange AskYesOrNo(SceneSample sample)
    {
        var random = sample.Random;
        var isRight = random.Below(2) == 0;
        var shown = sample.Scene;
        switch (random.Below(4))
        {
            case 0:
                var item = random.Below(2) == 0 ? shown.First : shown.Second;
                if (!isRight)
                    item = AnotherObject(shown, random);
                return Answer(SceneQuestions.Part(SceneQuestions.Presence(item)), SceneSlots.Claim(item, shown));
            case 1:
                var places = isRight ? shown : CaptionNoise.Move(shown, random);
                var relation = SceneQuestions.Relation(places);
                return Answer(SceneQuestions.Part(relation), SceneSlots.Claim(relation.Text.TrimEnd('?'), places, shown));
            default:
                var described = isRight ? shown : CaptionNoise.Change(shown, random);
                var caption = Captions.Write(described, random);
                return Answer(SceneQuestions.Agreement(caption), SceneSlots.Claim(caption, described, shown));
        }

        Exchange Answer(string question, long[] labels) => new(question, isRight ? SceneQuestions.Yes : SceneQuestions.No, labels);
    }

    protected override Exchange Ask(SceneSample sample) =>
        sample.Random.Uniform() < DescriptionPart ? CaptionStage.AskToDescribe(sample) : AskYesOrNo(sample);

    /// <summary>How often yes and no are right, and how often descriptions are, to the letter.</summary>
    protected override IEnumerable<KeyValuePair<string, double>> Measure(SceneGroup group) =>
        [RightAnswers("right_yes_no", group, AskYesOrNo), RightAnswers("right_descriptions", group, CaptionStage.AskToDescribe)];

    // An object of one of the shown ones' colour or shape is the hardest to deny.
    private static SceneObject AnotherObject(Scene shown, SceneRandom random)
    {
        var changed = CaptionNoise.ChangeAttribute(shown, random);
        return changed.First == shown.First ? changed.Second : changed.First;
    }
}
