using System.CommandLine;
using System.Globalization;
using ImgAlign.DependencyInjection;
using ImgAlign.ShapeWorld;
using ImgAlign.ShapeWorld.Language;
using ImgAlign.ShapeWorld.Scenes;
using Microsoft.Extensions.DependencyInjection;

namespace ImgAlign.Benchmarks.Measured;

/// <summary>
/// <c>strength</c>: how much of a picture stays in a round that starts from it, and how often the round mends it, on ShapeWorld.
/// </summary>
internal static class StrengthCommand
{
    private static readonly double?[] Strengths = [0.2, 0.4, 0.6, 0.8, 1, null];

    public static Command Create()
    {
        var prompts = new Option<int>("--prompts") { Description = "The number of prompts.", DefaultValueFactory = static _ => 200 };
        var command = new Command("strength", "Measure rounds that start from the picture, by strength, on ShapeWorld.") { prompts };
        command.SetAction((parsed, _) => MeasureAsync(parsed.GetValue(prompts)));
        return command;
    }

    private static async Task MeasureAsync(int prompts)
    {
        var collection = new ServiceCollection();
        collection.AddImplicitMultimodalGuidance(static options => options.Threads = 1).UseShapeWorld();
        await using var services = collection.BuildServiceProvider();
        var pipeline = services.GetRequiredService<IAlignmentPipeline>();
        var generation = services.GetRequiredService<IGenerationPipeline>();
        var scenes = Enumerable
            .Range(0, prompts)
            .Select(static number => Scene.Draw(new SceneRandom(1, number), heldOut: number % 2 == 1))
            .ToList();
        var items = scenes.Select(static (scene, seed) => new AlignmentItem(Captions.WriteCanonical(scene)) { Seed = seed }).ToList();
        var bases = (await generation.GenerateAsync(new GenerationRequest(items)).ConfigureAwait(false))
            .Items.Select(static item => item.Image)
            .ToList();
        var wasRight = bases.Zip(scenes, static (image, scene) => SceneEvaluator.Judge(image, scene).IsRight).ToList();

        Console.WriteLine($"{prompts} pictures, {wasRight.Count(static right => right)} of them right; a round on each, not gated");
        Console.WriteLine();
        Console.WriteLine("| strength | mean difference, of 255 | right | wrong ones mended | right ones spoiled |");
        Console.WriteLine("|---|---|---|---|---|");
        foreach (var strength in Strengths)
        {
            var given = items.Zip(bases, static (item, image) => item with { Image = image });
            var request = new AlignmentRequest(given) { Strength = strength, Acceptance = new AcceptAll() };
            var images = (await pipeline.AlignAsync(request).ConfigureAwait(false)).Items.Select(static item => item.Image).ToList();
            var isRight = images.Zip(scenes, static (image, scene) => SceneEvaluator.Judge(image, scene).IsRight).ToList();
            var mended = wasRight.Zip(isRight).Count(static pair => !pair.First && pair.Second);
            var spoiled = wasRight.Zip(isRight).Count(static pair => pair.First && !pair.Second);
            var wrong = wasRight.Count(static right => !right);
            var name = strength?.ToString(CultureInfo.InvariantCulture) ?? "none: from noise";
            var difference = bases.Zip(images).Average(Difference).ToString("0.0", CultureInfo.InvariantCulture);
            Console.WriteLine(
                $"| {name} | {difference} | {isRight.Count(static right => right)} | {mended} of {wrong} | {spoiled} of {prompts - wrong} |"
            );
        }
    }

    private static double Difference((RgbImage Before, RgbImage After) pair) =>
        pair.Before.Pixels.ToArray().Zip(pair.After.Pixels.ToArray(), static (a, b) => (double)Math.Abs(a - b)).Average();
}
