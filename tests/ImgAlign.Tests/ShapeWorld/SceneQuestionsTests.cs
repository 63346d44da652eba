using ImgAlign.Detectors;
using ImgAlign.Runtime;
using ImgAlign.Scorers;
using ImgAlign.ShapeWorld.Language;
using ImgAlign.ShapeWorld.Models;
using ImgAlign.ShapeWorld.Scenes;
using ImgAlign.ShapeWorld.Training;
using ImgAlign.ShapeWorld.Training.Stages;
using ImgAlign.Tests.Checkpoints;
using ImgAlign.Tokenizers;

namespace ImgAlign.Tests.ShapeWorld;

/// <summary>Questions of yes and no about scenes.</summary>
public sealed class SceneQuestionsTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Fact]
    public void They_are_asked_in_the_judges_words()
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions { Threads = 1 });
        using var detector = new LlavaDetector(runtime, WorldFolder.Embedded.DetectorOptions());
        var prompt = WorldPrompt.Draw(1, seed: 1)[0];
        var relation = SceneQuestions.Relation(Captions.Read("a red circle left of a blue square"));

        Assert.Equal(detector.VqaScore.Ask(prompt.Prompt).Text, SceneQuestions.Agreement(prompt.Prompt));
        Assert.Equal("Is the red circle left of the blue square? Answer in one word.", SceneQuestions.Part(relation));
        Assert.Equal(3, prompt.Questions.Count);
    }

    [Fact]
    public void Each_word_of_them_is_one_token()
    {
        LlamaTokenizerFiles.Write(temporary.Path);
        var tokenizer = LlamaTokenizer.Load(temporary.Path);

        Assert.All(SceneQuestions.Words, word => Assert.Single(tokenizer.Encode(word, addBos: false)));
    }

    [Fact]
    public void Half_of_them_are_true_and_all_are_answered_as_the_picture_shows()
    {
        var asked = Enumerable
            .Range(0, 2000)
            .Select(static seed => SceneSample.Draw(seed))
            .Select(static sample => (sample.Scene, Exchange: AnswerStage.AskYesOrNo(sample)))
            .ToList();

        Assert.InRange(asked.Count(static item => item.Exchange.Answer == SceneQuestions.Yes), 800, 1200);
        var agreements = asked.Where(static item => item.Exchange.Question.StartsWith("Does this figure show", StringComparison.Ordinal));
        Assert.All(
            agreements,
            static item =>
                Assert.Equal(
                    Captions.Read(item.Exchange.Question.Split('"')[1]) == item.Scene ? SceneQuestions.Yes : SceneQuestions.No,
                    item.Exchange.Answer
                )
        );
        var parts = asked.Where(static item => item.Exchange.Question.StartsWith("Is ", StringComparison.Ordinal)).ToList();
        Assert.All(
            parts,
            static item =>
                Assert.Equal(
                    item.Exchange.Answer == SceneQuestions.Yes,
                    SceneQuestions.Parts(item.Scene).Select(SceneQuestions.Part).Contains(item.Exchange.Question)
                )
        );
        var relations = parts.Where(static item => item.Exchange.Question.StartsWith("Is the", StringComparison.Ordinal)).ToList();
        Assert.InRange((double)relations.Count(static item => item.Exchange.Answer == SceneQuestions.Yes) / relations.Count, 0.4, 0.6);
    }

    [Fact]
    public void Questions_about_trained_scenes_name_no_scene_that_is_held_out()
    {
        var questions = Enumerable
            .Range(0, 4000)
            .Select(static seed => AnswerStage.AskYesOrNo(SceneSample.Draw(seed)).Question)
            .ToHashSet();
        var heldOut = Enumerable
            .Range(0, 4000)
            .Select(static seed => Scene.Draw(new SceneRandom(9, seed)))
            .Where(static scene => scene.Group != SceneGroup.Trained);

        Assert.All(heldOut, scene => Assert.DoesNotContain(SceneQuestions.Part(SceneQuestions.Relation(scene)), questions));
    }
}
