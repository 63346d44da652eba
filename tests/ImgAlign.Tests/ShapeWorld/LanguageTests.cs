using ImgAlign.ShapeWorld.Language;
using ImgAlign.ShapeWorld.Models;
using ImgAlign.ShapeWorld.Scenes;
using ImgAlign.Tests.Checkpoints;

namespace ImgAlign.Tests.ShapeWorld;

/// <summary>Captions, caption noise and edit instructions.</summary>
public class LanguageTests
{
    private static readonly Scene RedCircleLeftOfBlueSquare = new(
        new(ShapeColor.Red, ShapeKind.Circle),
        new(ShapeColor.Blue, ShapeKind.Square),
        IsVertical: false
    );

    [Fact]
    public void Captions_are_read_as_they_were_meant()
    {
        for (var i = 0; i < 2000; i++)
        {
            var random = new SceneRandom(1, i);
            var scene = Scene.Draw(random);

            Assert.Equal(scene, Captions.Read(Captions.Write(scene, random)));
            Assert.Equal(scene, Captions.Read(Captions.WriteCanonical(scene)));
        }
    }

    [Fact]
    public void The_detectors_tokenizer_is_written_as_it_is_shipped()
    {
        using var folder = new TemporaryFolder();
        LlamaTokenizerFiles.Write(folder.Path);
        Assert.Equal(
            File.ReadAllBytes(Path.Combine(WorldFolder.Embedded.Detector, "tokenizer.model")),
            File.ReadAllBytes(folder.File("tokenizer.model"))
        );
    }

    [Theory]
    [InlineData("a red circle left of a blue square")]
    [InlineData("A blue square to the right of a red circle.")]
    [InlineData("the red circle is on the left of the blue square")]
    [InlineData("  a picture of a red circle left of the blue square ")]
    public void Prompts_may_be_written_in_many_ways(string prompt) => Assert.Equal(RedCircleLeftOfBlueSquare, Captions.Read(prompt));

    [Theory]
    [InlineData("")]
    [InlineData("a cat on a mat")]
    [InlineData("a red circle left of")]
    [InlineData("a red circle left of a red circle")]
    [InlineData("a red circle left of a blue square and more")]
    public void What_cannot_be_drawn_is_refused_with_an_example(string prompt)
    {
        var refusal = Assert.Throws<InvalidRequestException>(() => Captions.Read(prompt));

        Assert.Contains(Captions.Examples[0], refusal.Message, StringComparison.Ordinal);
        Assert.Contains("purple", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_examples_can_be_drawn() => Assert.All(Captions.Examples, example => Captions.Read(example));

    [Fact]
    public void Noise_changes_the_scene_and_keeps_it_possible()
    {
        for (var i = 0; i < 2000; i++)
        {
            var random = new SceneRandom(2, i);
            var scene = Scene.Draw(random);
            var changed = CaptionNoise.Change(scene, random);

            Assert.NotEqual(scene, changed);
            Assert.NotEqual(changed.First, changed.Second);
        }
    }

    [Theory]
    [InlineData("a red circle left of a blue square", "nothing to change")]
    [InlineData("a green circle left of a blue square", "change the red circle to green")]
    [InlineData("a red circle left of a blue cross", "change the blue square to a cross")]
    [InlineData("a green cross left of a blue square", "change the red circle to a green cross")]
    [InlineData("a blue circle left of a red square", "swap the colors")]
    [InlineData("a red circle right of a blue square", "move the blue square left of the red circle")]
    [InlineData("a red circle above a blue square", "move the red circle above the blue square")]
    [InlineData("a red circle above a blue cross", "change the blue square to a cross and move the red circle above the blue cross")]
    public void Instructions_name_the_fewest_edits(string prompt, string instruction) =>
        Assert.Equal(instruction, EditInstructions.Write(RedCircleLeftOfBlueSquare, Captions.Read(prompt)));
}
