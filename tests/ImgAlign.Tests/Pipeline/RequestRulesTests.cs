using ImgAlign.Backbones;
using ImgAlign.Sampling;
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
                { "Prompt is empty", request.With(item => item with { Prompt = "" }) },
                { "Prompt is empty", request.With(item => item with { Prompt = " \n" }) },
                { "Prompt is empty", request.With(item => item with { Prompt = null! }) },
                { "The question 'How?' does not say where the prompt goes", request.With(item => item with { Question = "How?" }) },
                {
                    "Size is 33x24, which Colour cannot generate: use 32x24",
                    request.With(item => item with { Size = new ImageSize(33, 24) })
                },
                { "Size is 32x0, which", request.With(item => item with { Size = new ImageSize(32, 0) }) },
                { "Size is -8x8, which", request.With(item => item with { Size = new ImageSize(-8, 8) }) },
                { "Size is 2147483640x8, which", request.With(item => item with { Size = new ImageSize(2147483640, 8) }) },
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
                { "Budget is 0", request with { Budget = 0 } },
                { "Budget is 101", request with { Budget = 101 } },
                { "Budget and Rounds are both given", request with { Budget = 2, Rounds = 1 } },
                { "Policy best-of-n keeps what scores best, but no scorer", request with { Policy = SearchPolicies.BestOfN } },
                { "AlignerPasses is 0", request with { AlignerPasses = 0 } },
                { "Seed is -1", request.With(item => item with { Seed = -1 }) },
                { "CritiqueTokens is 0", request with { CritiqueTokens = 0 } },
                { "PreviewInterval is 0", request with { PreviewInterval = 0 } },
                {
                    "Acceptance decides by the scorer 'beauty', but the pipeline has no scorer",
                    request with
                    {
                        Acceptance = new ScoreGate(new ScoreCriterion { Scorer = "beauty" }),
                    }
                },
                { "Family is SdxlSettings, but Colour has no settings of its own", request with { Family = new SdxlSettings() } },
                { "MaxBatchSize is 0", request with { MaxBatchSize = 0 } },
                { "GuidanceBranches is 7; use Together or Apart", request with { GuidanceBranches = (GuidanceBranches)7 } },
                { "Items is empty", request with { Items = [] } },
                { "Items[1].Prompt is empty", request with { Items = [request.Items[0], new AlignmentItem("")] } },
            };
        }
    }

    [Theory]
    [MemberData(nameof(Broken))]
    public void A_request_out_of_range_is_refused_in_one_sentence(string expected, AlignmentRequest request)
    {
        var before = LiveTensors.Count();
        var exception = Assert.ThrowsAny<ArgumentException>(() =>
        {
            _ = world.Pipeline.AlignAsync(request);
        });
        Assert.StartsWith(expected, exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', exception.Message);
        Assert.Equal(before, torch.Tensor.TotalCount);
    }

    [Fact]
    public void Plain_generations_have_the_same_rules()
    {
        Refuses(() => world.Generation.GenerateAsync(new GenerationRequest()));
        Refuses(() => world.Generation.GenerateAsync(new GenerationRequest(new GenerationItem("red"), new GenerationItem(""))));
        Refuses(() => world.Generation.GenerateAsync(new GenerationRequest(new GenerationItem("red")) { Steps = -3 }));
        Refuses(() => world.Pipeline.DescribeAsync([new AlignmentItem("") { Image = new RgbImage(1, 1, new byte[3]) }]));
        Refuses(() => world.Pipeline.DescribeAsync([new AlignmentItem("red")]));

        static void Refuses(Func<Task> run) =>
            Assert.ThrowsAny<ArgumentException>(() =>
            {
                _ = run();
            });
    }

    [Fact]
    public void Items_that_share_noise_are_computed_together()
    {
        using var noise = new TorchNoise(1);
        var item = new GenerationItem("red") { Noise = noise };
        Assert.Contains("MaxBatchSize is 1", Message(new GenerationRequest(item, item) { MaxBatchSize = 1 }), StringComparison.Ordinal);
        Assert.Contains(
            "different sizes",
            Message(new GenerationRequest(item, item with { Size = new ImageSize(64, 64) })),
            StringComparison.Ordinal
        );

        string Message(GenerationRequest request) =>
            Assert
                .Throws<InvalidRequestException>(() =>
                {
                    _ = world.Generation.GenerateAsync(request);
                })
                .Message;
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
    public void A_picture_is_generated_again_in_its_own_size_or_one_of_the_models(
        int width,
        int height,
        int expectedWidth,
        int expectedHeight
    ) =>
        Assert.Equal(
            new ImageSize(expectedWidth, expectedHeight),
            PictureSize.For(new ImageSize(width, height), new ImageSize(1024, 1024), 8)
        );

    [Fact]
    public async Task Long_prompts_and_the_largest_seed_are_fine()
    {
        var result = await world.Pipeline.AlignOneAsync(
            ColourWorld.Request.With(static item => item with { Prompt = new string('x', 100_000), Seed = long.MaxValue }) with
            {
                Rounds = 2,
            }
        );
        Assert.Equal(2, result.Rounds().Count);
    }
}
