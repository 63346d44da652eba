using ImgAlign.Detectors;
using ImgAlign.ShapeWorld.Language;
using ImgAlign.ShapeWorld.Scenes;

namespace ImgAlign.ShapeWorld.Training.Stages;

/// <summary>
/// The detector: the LLaVA that describes pictures and answers questions, tuned to say how pictures have to change to show what a prompt
/// says (IMG, section 3.2). Some of its questions are still those of yes and no, so that it stays a judge.
/// </summary>
internal sealed class DetectorStage(StageContext context, long seed)
    : LlavaStage(context, context.Folder, seed, startsFrom: context.Ablations)
{
    private const double YesOrNoPart = 0.2;
    private const double AgreementPart = 0.2; // of the others: pictures that show what their prompts say
    private const double SecondChangePart = 0.35;

    protected override Exchange Ask(SceneSample sample) =>
        sample.Random.Uniform() < YesOrNoPart ? AnswerStage.AskYesOrNo(sample) : AskForChange(sample);

    /// <summary>How often instructions are right, and how often yes and no are, to the letter.</summary>
    protected override IEnumerable<KeyValuePair<string, double>> Measure(SceneGroup group) =>
        [RightAnswers("right_instructions", group, AskForChange), RightAnswers("right_yes_no", group, AnswerStage.AskYesOrNo)];

    private static Exchange AskForChange(SceneSample sample)
    {
        var random = sample.Random;
        var wanted = sample.Scene;
        if (random.Uniform() >= AgreementPart)
        {
            wanted = CaptionNoise.Change(wanted, random);
            wanted = CaptionNoise.Perhaps(wanted, SecondChangePart, random);
        }
        var template = random.Choose(Questions.Templates);
        var prompt = Captions.Write(wanted, random);
        return new(
            Questions.Ask(template, prompt),
            EditInstructions.Write(sample.Scene, wanted),
            SceneSlots.Claim(prompt, wanted, sample.Scene)
        );
    }
}
