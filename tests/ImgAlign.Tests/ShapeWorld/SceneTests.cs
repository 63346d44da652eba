using ImgAlign.ShapeWorld.Language;
using ImgAlign.ShapeWorld.Scenes;

namespace ImgAlign.Tests.ShapeWorld;

/// <summary>Scenes, their pictures, and the evaluator that judges them by measuring.</summary>
public class SceneTests
{
    private const int Samples = 3000;

    [Fact]
    public void Clean_pictures_are_right_and_pictures_of_another_scene_are_not()
    {
        var (right, wronglyRight) = (0, 0);
        for (var i = 0; i < Samples; i++)
        {
            var random = new SceneRandom(7, i);
            var scene = Scene.Draw(random);
            var image = SceneRenderer.Render(scene, random);
            if (SceneEvaluator.Judge(image, scene).IsRight)
                right++;
            if (SceneEvaluator.Judge(image, CaptionNoise.Change(scene, random)).IsRight)
                wronglyRight++;
        }

        Assert.InRange(right, 0.99 * Samples, Samples);
        Assert.Equal(0, wronglyRight);
    }

    [Fact]
    public void A_blank_picture_shows_nothing()
    {
        var blank = new RgbImage(32, 32, [.. Enumerable.Repeat((byte)230, 3 * 32 * 32)]);

        Assert.Empty(SceneEvaluator.Look(blank));
        Assert.Equal(0, SceneEvaluator.Judge(blank, Scene.Draw(new SceneRandom(0, 0))).Score);
    }

    [Fact]
    public void The_colour_of_one_object_is_told_from_the_colour_of_the_other()
    {
        var scene = new Scene(new(ShapeColor.Red, ShapeKind.Circle), new(ShapeColor.Blue, ShapeKind.Square), IsVertical: false);
        var image = SceneRenderer.Render(scene, new SceneRandom(1, 1));

        Assert.Equal(
            new SceneJudgement(true, true, false, true, true, true),
            SceneEvaluator.Judge(image, scene with { Second = new(ShapeColor.Green, ShapeKind.Square) })
        );
        Assert.False(SceneEvaluator.Judge(image, scene.Flipped).Relation && SceneEvaluator.Judge(image, scene.Flipped).FirstColor);
        Assert.False(SceneEvaluator.Judge(image, scene with { IsVertical = true }).Relation);
    }

    [Fact]
    public void Samples_do_not_depend_on_the_order_in_which_they_are_made()
    {
        static byte[] Draw(long index)
        {
            var random = new SceneRandom(3, index);
            return SceneRenderer.Render(Scene.Draw(random), random).Pixels.ToArray();
        }

        var forwards = Enumerable.Range(0, 5).Select(i => Draw(i)).ToList();
        var backwards = Enumerable.Range(0, 5).Reverse().Select(i => Draw(i)).Reverse().ToList();

        Assert.Equal(forwards, backwards);
        Assert.Equal(5, forwards.Select(Convert.ToHexString).Distinct().Count());
    }

    [Fact]
    public void A_fifth_of_the_pairs_is_held_out_whatever_the_places_and_never_drawn_for_training()
    {
        var scenes = Enumerable.Range(0, Samples).Select(i => Scene.Draw(new SceneRandom(11, i))).ToList();

        Assert.InRange(scenes.Count(scene => scene.IsHeldOut), 0.17 * Samples, 0.24 * Samples);
        Assert.All(scenes, scene => Assert.Equal(scene.IsHeldOut, (scene.Flipped with { IsVertical = !scene.IsVertical }).IsHeldOut));
        Assert.All(Enumerable.Range(0, 200), i => Assert.False(Scene.Draw(new SceneRandom(12, i), heldOut: false).IsHeldOut));
    }
}
