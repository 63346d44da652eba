using System.Globalization;
using ImgAlign.DependencyInjection;
using ImgAlign.ShapeWorld;
using ImgAlign.ShapeWorld.Language;
using ImgAlign.ShapeWorld.Scenes;
using Microsoft.Extensions.DependencyInjection;

namespace ImgAlign.Benchmarks.Measured;

/// <summary>Rounds on pictures of ShapeWorld, and what they do to them: of all three groups of scenes alike.</summary>
internal sealed class WorldRounds : IAsyncDisposable
{
    private readonly ServiceProvider services;
    private readonly IReadOnlyList<Scene> scenes;
    private readonly IReadOnlyList<AlignmentItem> items; // with the pictures
    private readonly List<bool> wasRight;

    private WorldRounds(ServiceProvider services, IReadOnlyList<Scene> scenes, IReadOnlyList<AlignmentItem> items)
    {
        (this.services, this.scenes, this.items) = (services, scenes, items);
        wasRight = Judge([.. items.Select(static item => item.Image!)]);
    }

    /// <summary>The pictures that are right before the rounds.</summary>
    public int Right => wasRight.Count(static right => right);

    /// <summary>Those that are not.</summary>
    public int Wrong => wasRight.Count - Right;

    /// <summary>Generates the pictures to begin with.</summary>
    /// <param name="prompts">How many.</param>
    /// <param name="guidance">The guidance scale; null: the world's own.</param>
    public static async Task<WorldRounds> BeginAsync(int prompts, double? guidance = null)
    {
        var collection = new ServiceCollection();
        collection.AddImplicitMultimodalGuidance(static options => options.Threads = 1).UseShapeWorld();
        var services = collection.BuildServiceProvider();
        var scenes = Enumerable
            .Range(0, prompts)
            .Select(static number => Scene.Draw(new SceneRandom(1, number), (SceneGroup)(number % 3)))
            .ToList();
        var items = scenes.Select(static (scene, seed) => new AlignmentItem(Captions.WriteCanonical(scene)) { Seed = seed });
        var request = new GenerationRequest(items) { Guidance = guidance };
        var result = await services.GetRequiredService<IGenerationPipeline>().GenerateAsync(request).ConfigureAwait(false);
        return new WorldRounds(
            services,
            scenes,
            [.. items.Zip(result.Items, static (item, generated) => item with { Image = generated.Image })]
        );
    }

    /// <summary>A round on each picture, all of which are kept.</summary>
    /// <param name="change">Says what else the request asks for.</param>
    public async Task<RoundEffect> MeasureAsync(Func<AlignmentRequest, AlignmentRequest> change)
    {
        var request = change(new AlignmentRequest(items) { Acceptance = ScoreGate.Open });
        var result = await services.GetRequiredService<IAlignmentPipeline>().AlignAsync(request).ConfigureAwait(false);
        var images = result.Items.Select(static item => item.Image).ToList();
        var isRight = Judge(images);
        return new RoundEffect(
            items.Select(static item => item.Image!).Zip(images).Average(Difference),
            isRight.Count(static right => right),
            wasRight.Zip(isRight).Count(static pair => !pair.First && pair.Second),
            wasRight.Zip(isRight).Count(static pair => pair.First && !pair.Second)
        );
    }

    public ValueTask DisposeAsync() => services.DisposeAsync();

    private List<bool> Judge(IReadOnlyList<RgbImage> images) =>
        [.. images.Zip(scenes, static (image, scene) => SceneEvaluator.Judge(image, scene).IsRight)];

    private static double Difference((RgbImage Before, RgbImage After) pair) =>
        pair.Before.Pixels.ToArray().Zip(pair.After.Pixels.ToArray(), static (a, b) => (double)Math.Abs(a - b)).Average();
}

/// <summary>What a round on each of some pictures did.</summary>
/// <param name="Difference">The mean of the pixels' differences, of 255.</param>
/// <param name="Right">The pictures that are right after it.</param>
/// <param name="Repaired">Those that were not before.</param>
/// <param name="Spoiled">Those that were right before and are not after it.</param>
internal sealed record RoundEffect(double Difference, int Right, int Repaired, int Spoiled)
{
    /// <summary>Difference, right ones, repaired ones and spoiled ones as the cells of a table.</summary>
    public string Cells(WorldRounds world) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Difference:0.0} | {Right} | {Repaired} of {world.Wrong} | {Spoiled} of {world.Right}"
        );
}
