using ImgAlign.Backbones;
using ImgAlign.Runtime;
using ImgAlign.Testing.Reference;
using ImgAlign.Tests.ShapeWorld;

namespace ImgAlign.Tests.Pipeline;

/// <summary>Generations that start from a picture; the golden cases of <c>redux</c> have the numbers.</summary>
public sealed class StrengthTests : ModelTestBase
{
    private const string Prompt = "a red circle left of a blue square";

    private static readonly SdxlOptions Tiny = new() { ModelPath = Path.Combine(TestData.Golden, "sdxl", "checkpoint") };

    [Fact]
    public async Task The_less_strength_the_more_of_the_picture_stays()
    {
        using var world = new EmbeddedWorld();
        var picture = await PictureAsync(world, seed: 1);
        var before = LiveTensors.Count();
        var distances = new List<double>();
        foreach (var strength in (double[])[0.1, 0.5, 1])
        {
            var request = new GenerationRequest(new GenerationItem("a green triangle above a purple cross") { Image = picture, Seed = 5 })
            {
                Strength = strength,
            };
            var result = await world.Generation.GenerateAsync(request);
            Assert.Equal(strength, result.Settings.Strength);
            distances.Add(MeanDistance(picture, result.Items[0].Image));
        }
        Assert.True(distances[0] < distances[1] && distances[1] < distances[2], string.Join(", ", distances));
        Assert.Equal(before, LiveTensors.Count());
    }

    [Fact]
    public async Task A_round_on_a_picture_starts_from_it()
    {
        using var world = new EmbeddedWorld();
        var picture = await PictureAsync(world, seed: 1);
        var request = new AlignmentRequest(new AlignmentItem(Prompt) { Image = picture, Seed = 5 }) { Acceptance = ScoreGate.Open };
        var whole = await world.Pipeline.AlignOneAsync(request);
        var near = await world.Pipeline.AlignOneAsync(request with { Strength = 0.2 });
        Assert.True(MeanDistance(picture, near.Image) < MeanDistance(picture, whole.Image));
    }

    [Theory]
    [InlineData("euler")]
    [InlineData("dpmpp-2m-sde")]
    [InlineData("heun")]
    public async Task The_picture_of_a_seed_does_not_depend_on_the_batch(string sampler)
    {
        using var world = new EmbeddedWorld();
        GenerationItem[] items =
        [
            .. new[] { 1, 2 }.Select(seed => new GenerationItem(Prompt) { Seed = 10 + seed, Image = PictureAsync(world, seed).Result }),
        ];
        var request = new GenerationRequest(items)
        {
            Strength = 0.6,
            Steps = 6,
            Sampler = Samplers.ByName(sampler),
        };
        var together = await world.Generation.ImagesAsync(request);
        var alone = await world.Generation.ImagesAsync(request with { Items = [items[1]] });
        Assert.InRange(MeanDistance(together[1], alone[0]), 0, 1);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-0.1)]
    [InlineData(1.01)]
    [InlineData(double.NaN)]
    public async Task A_strength_that_is_out_of_range_is_refused(double strength) =>
        await RefusedAsync(
            "use a number above 0, up to 1",
            new GenerationRequest(Item(new RgbImage(8, 8, new byte[192]))) { Strength = strength }
        );

    [Fact]
    public async Task So_are_one_without_a_picture_and_one_that_runs_no_step()
    {
        await RefusedAsync("no picture to start from", new GenerationRequest(Item(null)) { Strength = 0.5 });
        await RefusedAsync(
            "Strength 0.05 of 10 steps leaves none to run",
            new GenerationRequest(Item(new RgbImage(8, 8, new byte[192]))) { Strength = 0.05, Steps = 10 }
        );
        using var colours = new GenerationPipeline(new ColourBackbone(Runtime));
        var request = new GenerationRequest(new GenerationItem("a red house") { Image = new RgbImage(8, 8, new byte[192]) })
        {
            Strength = 0.5,
        };
        Assert.Contains(
            "cannot encode",
            (await Assert.ThrowsAsync<InvalidRequestException>(() => colours.ImagesAsync(request))).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void The_estimate_has_the_encoder()
    {
        using var backbone = new SdxlBackbone(Runtime, Tiny);
        using var pipeline = new GenerationPipeline(backbone);
        var request = new GenerationRequest(Item(new RgbImage(64, 64, new byte[3 * 64 * 64])));
        Assert.DoesNotContain(
            Stages(request with { Items = [Item(null)] }),
            static stage => stage.Name.Contains("encoder", StringComparison.Ordinal) && stage.Name.Contains("VAE", StringComparison.Ordinal)
        );
        Assert.Contains(
            Stages(request with { Strength = 0.5 }),
            static stage => stage is { Name: "SDXL VAE encoder", WeightBytes: > 0, ActivationBytes: > 0 }
        );

        IReadOnlyList<StageFootprint> Stages(GenerationRequest asked) => Assert.Single(pipeline.EstimateMemory(asked)).Stages;
    }

    private async Task RefusedAsync(string expected, GenerationRequest request)
    {
        using var backbone = new SdxlBackbone(Runtime, Tiny);
        using var pipeline = new GenerationPipeline(backbone);
        Assert.Contains(
            expected,
            (await Assert.ThrowsAsync<InvalidRequestException>(() => pipeline.ImagesAsync(request))).Message,
            StringComparison.Ordinal
        );
    }

    private static GenerationItem Item(RgbImage? image) => new("a cat") { Image = image, Size = new ImageSize(64, 64) };

    private static async Task<RgbImage> PictureAsync(EmbeddedWorld world, int seed) =>
        Assert.Single(await world.Generation.ImagesAsync(new GenerationRequest(new GenerationItem(Prompt) { Seed = seed })));

    private static double MeanDistance(RgbImage a, RgbImage b) =>
        a.Pixels.ToArray().Zip(b.Pixels.ToArray(), static (x, y) => Math.Abs(x - y)).Average();
}
