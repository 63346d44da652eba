using ImgAlign.Backbones;
using ImgAlign.Testing;

namespace ImgAlign.Tests.Pipeline;

/// <summary>Every sampler on the checkpoint of <c>samples/tiny.json</c>, and on the tiny FLUX.</summary>
public sealed class SamplerRunTests : ModelTestBase
{
    private static readonly ImageSize Size = new(64, 64);

    [Fact]
    public async Task Each_draws_and_the_picture_of_a_seed_does_not_depend_on_the_batch()
    {
        using var backbone = new SdxlBackbone(Runtime, new SdxlOptions { ModelPath = Path.Combine(TestData.Golden, "sdxl", "checkpoint") });
        using var pipeline = new GenerationPipeline(backbone);
        GenerationItem[] items = [new("a red cube") { Seed = 1, Size = Size }, new("a cat") { Seed = 2, Size = Size }];
        foreach (var sampler in Samplers.All)
        {
            var together = await pipeline.ImagesAsync(new GenerationRequest(items) { Steps = 3, Sampler = sampler });
            var alone = await pipeline.ImagesAsync(new GenerationRequest(items[1]) { Steps = 3, Sampler = sampler });
            Assert.InRange(Distance(together[1], alone[0]), 0, 1);
        }
    }

    [Fact]
    public async Task A_flow_has_those_that_are_for_flows_and_refuses_the_others()
    {
        using var backbone = new FluxBackbone(
            Runtime,
            new FluxOptions { ModelPath = Path.Combine(TestData.Golden, "flux", "FLUX.1-dev"), MaxTextTokens = 16 }
        );
        using var pipeline = new GenerationPipeline(backbone);
        foreach (var sampler in Samplers.All)
        {
            var request = new GenerationRequest(new GenerationItem("a red cube") { Size = Size })
            {
                Steps = 3,
                Sampler = sampler,
                Family = new FluxSettings { TrueGuidance = 1 },
            };
            if (sampler.Kind <= SamplerKind.UniPc && sampler.Kind != SamplerKind.EulerAncestral)
                Assert.Equal(Size, (await pipeline.ImagesAsync(request))[0].Size);
            else
                Assert.Contains(
                    $"{sampler.Name} is for models whose noise is added",
                    (await Assert.ThrowsAsync<InvalidRequestException>(() => pipeline.ImagesAsync(request))).Message,
                    StringComparison.Ordinal
                );
        }
    }

    [Fact]
    public async Task What_does_not_fit_is_refused_before_anything_is_computed()
    {
        using var backbone = new SdxlBackbone(Runtime, new SdxlOptions { ModelPath = Path.Combine(TestData.Golden, "sdxl", "checkpoint") });
        using var pipeline = new GenerationPipeline(backbone);
        var request = new GenerationRequest(new GenerationItem("a cat") { Size = Size });
        await RefusedAsync(
            "Steps is 5, but the list of timesteps makes 2",
            request with
            {
                Steps = 5,
                NoiseLevels = new() { Timesteps = [999, 500] },
            }
        );
        await RefusedAsync("must fall", request with { NoiseLevels = new() { Timesteps = [500, 999] } });
        await RefusedAsync("Eta is given, but euler has none", request with { Eta = 0.5 });
        await RefusedAsync("Eta is 2", request with { Eta = 2, Sampler = Samplers.Ddim });
        await RefusedAsync("GuidanceRescale is -1", request with { GuidanceRescale = -1 });
        await RefusedAsync(
            "are both given",
            request with
            {
                NoiseLevels = new() { Timesteps = [999, 500], Sigmas = [14, 1, 0] },
            }
        );
        await RefusedAsync(
            "leaves nothing to space",
            request with
            {
                NoiseLevels = new() { Timesteps = [999, 500], Spacing = NoiseLevelSpacing.Karras },
            }
        );
        await RefusedAsync("too short", request with { NoiseLevels = new() { Sigmas = [14] } });
        await RefusedAsync(
            "takes neither sigmas",
            request with
            {
                NoiseLevels = new() { Spacing = NoiseLevelSpacing.Karras },
                Sampler = Samplers.Ddim,
            }
        );

        async Task RefusedAsync(string expected, GenerationRequest asked) =>
            Assert.Contains(
                expected,
                (await Assert.ThrowsAsync<InvalidRequestException>(() => pipeline.ImagesAsync(asked))).Message,
                StringComparison.Ordinal
            );
    }

    private static int Distance(RgbImage a, RgbImage b) =>
        a.Pixels.ToArray().Zip(b.Pixels.ToArray(), static (x, y) => Math.Abs(x - y)).Max();
}
