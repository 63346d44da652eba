using ImgAlign.Testing.Reference;
using TorchSharp;

namespace ImgAlign.Tests.Pipeline;

public sealed class RequestRulesTests : IDisposable
{
    private readonly ColourWorld world = new(withScorer: false);

    public void Dispose() => world.Dispose();

    public static TheoryData<string, AlignmentRequest> Broken
    {
        get
        {
            var request = ColourWorld.Request;
            return new TheoryData<string, AlignmentRequest>
            {
                { "Prompt is empty", request with { Prompt = "" } },
                { "Prompt is empty", request with { Prompt = " \n" } },
                { "Prompt is empty", request with { Prompt = null! } },
                { "GuidanceBranches is 7; use Together or Apart", request with { GuidanceBranches = (GuidanceBranches)7 } },
                { "The question 'How?' does not say where the prompt goes", request with { Question = "How?" } },
                { "Size is 33x24, but Colour needs", request with { Size = new ImageSize(33, 24) } },
                { "Size is 32x0, but", request with { Size = new ImageSize(32, 0) } },
                { "Size is -8x8, but", request with { Size = new ImageSize(-8, 8) } },
                { "Size is 2147483640x8, but", request with { Size = new ImageSize(2147483640, 8) } },
                { "Steps is 0", request with { Steps = 0 } },
                { "Steps is -1", request with { Steps = -1 } },
                { "Steps is 1001; use 1 to 1000", request with { Steps = 1001 } },
                { "Guidance is NaN", request with { Guidance = double.NaN } },
                { "Guidance is Infinity", request with { Guidance = double.PositiveInfinity } },
                { "Guidance is -1", request with { Guidance = -1 } },
                { "ImagePromptScale is NaN", request with { ImagePromptScale = double.NaN } },
                { "ImagePromptScale is -Infinity", request with { ImagePromptScale = double.NegativeInfinity } },
                { "Rounds is 0", request with { Rounds = 0 } },
                { "Rounds is 101", request with { Rounds = 101 } },
                { "AlignerPasses is 0", request with { AlignerPasses = 0 } },
                { "Seed is -1", request with { Seed = -1 } },
                { "The number of tokens of the critique is 0", request with { CritiqueTokens = 0 } },
                { "PreviewInterval is 0", request with { PreviewInterval = 0 } },
                { "SufficientScore was given, but there is no scorer", request with { SufficientScore = 1 } },
                { "SufficientScore is NaN", request with { SufficientScore = double.NaN } },
                { "MicroConditioning was given, but Colour has none", request with { MicroConditioning = new MicroConditioning() } },
            };
        }
    }

    [Theory]
    [MemberData(nameof(Broken))]
    public async Task A_request_out_of_range_is_refused_in_one_sentence(string expected, AlignmentRequest request)
    {
        var before = LiveTensors.Count();
        var updates = new Updates();
        var exception = await Assert.ThrowsAsync<InvalidRequestException>(() => world.Pipeline.AlignAsync(request, updates));
        Assert.StartsWith(expected, exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', exception.Message);
        Assert.Empty(updates.All);
        Assert.Equal(before, torch.Tensor.TotalCount);
    }

    [Fact]
    public async Task Plain_generations_have_the_same_rules()
    {
        await Assert.ThrowsAsync<InvalidRequestException>(() => world.Pipeline.GenerateAsync(new GenerationRequest { Prompts = [] }));
        await Assert.ThrowsAsync<InvalidRequestException>(() => world.Pipeline.GenerateAsync(new GenerationRequest { Prompts = ["red", ""] }));
        await Assert.ThrowsAsync<InvalidRequestException>(() => world.Pipeline.GenerateAsync(new GenerationRequest { Prompts = ["red"], Steps = -3 }));
        await Assert.ThrowsAsync<InvalidRequestException>(() => world.Pipeline.DescribeAsync(new RgbImage(1, 1, new byte[3]), ""));
    }

    [Theory]
    [InlineData(512, 768, 512, 768)]
    [InlineData(33, 24, 32, 24)]
    [InlineData(3, 2, 8, 8)]
    [InlineData(1024, 1024, 1024, 1024)]
    [InlineData(4032, 3024, 1152, 896)]
    [InlineData(8400, 6300, 1152, 896)]
    [InlineData(1080, 1920, 768, 1344)]
    [InlineData(100_000, 10, 8192, 64)]
    public void A_picture_is_generated_again_in_its_own_size_or_one_of_the_models(int width, int height, int expectedWidth, int expectedHeight) =>
        Assert.Equal(new ImageSize(expectedWidth, expectedHeight), PictureSize.For(new ImageSize(width, height), new ImageSize(1024, 1024), 8));

    [Fact]
    public void Micro_conditioning_has_a_range()
    {
        var info = new ColourBackbone().Info with { SupportsMicroConditioning = true };
        var request = ColourWorld.Request with { MicroConditioning = new MicroConditioning { OriginalSize = new ImageSize(64, 0) } };
        Assert.Contains("64x0", Assert.Throws<InvalidRequestException>(() => RequestRules.Resolve(request, info, canScore: false)).Message, StringComparison.Ordinal);
        request = ColourWorld.Request with { MicroConditioning = new MicroConditioning { CropLeft = -1 } };
        Assert.Throws<InvalidRequestException>(() => RequestRules.Resolve(request, info, canScore: false));
    }

    [Fact]
    public async Task Long_prompts_and_the_largest_seed_are_fine()
    {
        var result = await world.Pipeline.AlignAsync(ColourWorld.Request with { Prompt = new string('x', 100_000), Seed = long.MaxValue, Rounds = 2 });
        Assert.Equal(2, result.Rounds.Count);
    }
}
