using ImgAlign.Backbones;
using ImgAlign.Running;
using ImgAlign.Sampling;
using ImgAlign.Tests.Pipeline;
using ImgAlign.Tokenizers;

namespace ImgAlign.Tests.Backbones;

/// <summary>Prompts of SDXL in the notation of weights, of any length; their numbers are the golden cases <c>clip-text-weighted</c>.</summary>
public sealed class PromptWeightsTests : ModelTestBase
{
    private const int MostRounding = 2;
    private static readonly string Long = string.Join(' ', Enumerable.Repeat("(boat:1.2)", 80)) + " on a lake";

    [Fact]
    public async Task Prompts_of_different_length_in_one_request_are_drawn_as_each_alone()
    {
        using var backbone = Load();
        using var pipeline = new GenerationPipeline(backbone);
        GenerationItem[] items =
        [
            Item("a (small:1.4) boat") with
            {
                Seed = 1,
            },
            Item(Long) with
            {
                Seed = 2,
            },
            Item("a boat") with
            {
                Seed = 3,
                NegativePrompt = "blurry BREAK [dark] BREAK low quality",
            },
            Item("a [boat]") with
            {
                Seed = 4,
                NegativePrompt = "",
            },
        ];
        foreach (var branches in Enum.GetValues<GuidanceBranches>())
        {
            var together = await pipeline.ImagesAsync(Request(items) with { GuidanceBranches = branches });
            foreach (var (index, item) in items.Index())
            {
                var alone = (await pipeline.ImagesAsync(Request(item)))[0];
                Assert.InRange(Distance(alone, together[index]), 0, MostRounding);
            }
        }
    }

    [Fact]
    public async Task Without_the_option_a_prompt_is_text_of_which_75_tokens_are_read()
    {
        using var backbone = Load();
        using var pipeline = new GenerationPipeline(backbone);
        var read = await pipeline.GenerateAsync(Request(Item(Long)));
        var cut = await pipeline.GenerateAsync(Request(Item(Long)) with { Family = null });
        Assert.Empty(read.Items[0].Warnings);
        Assert.Contains("on a lake", Assert.Single(cut.Items[0].Warnings), StringComparison.Ordinal);
        Assert.NotEqual(read.Items[0].Image.Pixels.ToArray(), cut.Items[0].Image.Pixels.ToArray());
    }

    [Fact]
    public async Task A_model_may_be_configured_to_read_it_and_a_request_may_say_no()
    {
        using var reads = Load(promptWeights: true);
        using var pipeline = new GenerationPipeline(reads);
        var no = Request(Item(Long)) with { Family = new SdxlSettings { PromptWeights = false } };
        Assert.Empty((await pipeline.GenerateAsync(Request(Item(Long)) with { Family = null })).Items[0].Warnings);
        Assert.NotEmpty((await pipeline.GenerateAsync(no)).Items[0].Warnings);
    }

    [Fact]
    public void Others_read_the_words_alone_and_longer_prompts_need_more_memory()
    {
        using var backbone = Load();
        var request = RequestRules.Resolve(Request(Item($"({Long}) BREAK [a] sky")), backbone);
        Assert.Equal($"{Long.Replace("(", "").Replace(":1.2)", "")} a sky", request.Items[0].PlainPrompt);

        var workload = PipelineRules.Workload(request);
        Assert.Equal((0, true), (workload.TextTokens % 77, workload.TextTokens > 2 * 77));
        Assert.All(
            backbone.EstimateStages(workload with { TextTokens = 77 }).Zip(backbone.EstimateStages(workload)).Take(2),
            static stage => Assert.True(stage.Second.ActivationBytes > stage.First.ActivationBytes, stage.First.Name)
        );
    }

    [Fact]
    public void A_rewritten_prompt_is_read_anew()
    {
        using var backbone = Load();
        var request = RequestRules.Resolve(Request(Item("a boat")), backbone);
        var rewritten = RequestRules.WithPrompt(request.Items[0], Long, request, backbone);
        Assert.True(rewritten.TextTokens > request.Items[0].TextTokens);
        Assert.Equal((Long, PromptNotation.PlainText(Long)), (rewritten.Prompt, rewritten.PlainPrompt));
    }

    [Fact]
    public void What_cannot_be_computed_is_named()
    {
        using var backbone = Load();
        var weight = Assert.Throws<InvalidRequestException>(() =>
            RequestRules.Resolve(Request(Item($"(boat:{new string('9', 60)})")), backbone)
        );
        Assert.Equal(("Prompt", true), (weight.Member, weight.Message.Contains("boat", StringComparison.Ordinal)));

        using var noise = new TorchNoise(1);
        var shared = new[] { Item("a boat"), Item(Long) }.Select(item => item with { Noise = noise });
        Assert.Contains(
            "chunks",
            Assert.Throws<InvalidRequestException>(() => RequestRules.Resolve(Request([.. shared]), backbone)).Message,
            StringComparison.Ordinal
        );
    }

    private SdxlBackbone Load(bool promptWeights = false) =>
        new(Runtime, new SdxlOptions { ModelPath = Path.Combine(TestData.Golden, "sdxl", "checkpoint"), PromptWeights = promptWeights });

    private static GenerationItem Item(string prompt) => new(prompt) { Size = new ImageSize(32, 32) };

    private static GenerationRequest Request(params GenerationItem[] items) =>
        new(items)
        {
            Steps = 2,
            Family = new SdxlSettings { PromptWeights = true },
        };

    private static int Distance(RgbImage x, RgbImage y) =>
        x.Pixels.ToArray().Zip(y.Pixels.ToArray(), static (a, b) => Math.Abs(a - b)).Max();
}
