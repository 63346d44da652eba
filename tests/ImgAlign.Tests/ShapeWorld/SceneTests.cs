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
        var scenes = Draw();

        Assert.InRange(scenes.Count(static scene => scene.Group == SceneGroup.HeldOutPair), 0.17 * Samples, 0.24 * Samples);
        Assert.All(
            scenes,
            static scene => Assert.Equal(IsHeldOutPair(scene), IsHeldOutPair(scene.Flipped with { IsVertical = !scene.IsVertical }))
        );
        Assert.All(Draw(SceneGroup.Trained), static scene => Assert.Equal(SceneGroup.Trained, scene.Group));

        static bool IsHeldOutPair(Scene scene) => scene.Group == SceneGroup.HeldOutPair;
    }

    [Fact]
    public void Of_the_places_of_other_pairs_a_fifth_is_held_out_and_never_more_than_one_of_a_pair()
    {
        var others = Draw().Where(static scene => scene.Group != SceneGroup.HeldOutPair).ToList();

        Assert.InRange(
            others.Count(static scene => scene.Group == SceneGroup.HeldOutComposition),
            0.17 * others.Count,
            0.23 * others.Count
        );
        Assert.All(
            others,
            static scene =>
            {
                Scene[] places =
                [
                    scene,
                    scene.Flipped,
                    scene with
                    {
                        IsVertical = !scene.IsVertical,
                    },
                    scene.Flipped with
                    {
                        IsVertical = !scene.IsVertical,
                    },
                ];
                Assert.InRange(places.Count(static place => place.Group == SceneGroup.HeldOutComposition), 0, 1);
            }
        );
    }

    [Fact]
    public void A_caption_with_one_thing_wrong_never_says_what_is_held_out()
    {
        foreach (var (number, scene) in Draw(SceneGroup.Trained).Index())
        {
            var random = new SceneRandom(13, number);
            Assert.Equal(SceneGroup.Trained, CaptionNoise.Change(scene, random).Group);
            var changed = CaptionNoise.ChangeAttribute(scene, random);
            Assert.Equal(SceneGroup.Trained, changed.Group);
            Assert.Equal(scene.IsVertical, changed.IsVertical);
            Assert.Single(new[] { scene.First != changed.First, scene.Second != changed.Second }, static isChanged => isChanged);
        }
    }

    private static List<Scene> Draw() => [.. Enumerable.Range(0, Samples).Select(static i => Scene.Draw(new SceneRandom(11, i)))];

    private static IEnumerable<Scene> Draw(SceneGroup group) =>
        Enumerable.Range(0, 200).Select(i => Scene.Draw(new SceneRandom(12, i), group));
}
