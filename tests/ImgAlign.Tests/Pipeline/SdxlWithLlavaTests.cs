using ImgAlign.Alignment;
using ImgAlign.Backbones;
using ImgAlign.Detectors;
using ImgAlign.Runtime;
using ImgAlign.Testing;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Tests.Pipeline;

/// <summary>The whole pipeline on the tiny checkpoints in the published layouts, against the reference's round.</summary>
public sealed class SdxlWithLlavaTests : IDisposable
{
    private readonly GoldenCase golden = GoldenCase.Load(Path.Combine(TestData.Golden, "round", "round-sdxl-5steps"));
    private readonly AlignmentRequest request;

    public SdxlWithLlavaTests() =>
        request = new AlignmentRequest(
            new AlignmentItem(golden.Options.GetProperty("prompt").GetString()!)
            {
                Question = golden.Options.GetProperty("question").GetString(),
                Seed = 306,
                Size = new ImageSize(64, 64),
            }
        )
        {
            Steps = 5,
        };

    public void Dispose() => golden.Dispose();

    [Fact]
    public async Task A_round_is_the_reference_s()
    {
        using var models = new Models(new RuntimeOptions());
        var image = ToImage(golden.Inputs["base_image"]);
        var aligned = await models.Pipeline.AlignOneAsync(request.With(item => item with { Image = image }));
        AssertEqual(ToImage(golden.Outputs["image.1"]), aligned.Image);

        var whole = await models.Pipeline.AlignOneAsync(request with { DescribeCritique = true });
        AssertEqual(image, whole.BaseImage);
        Assert.NotNull(whole.Rounds()[0].Critique);
    }

    [Fact]
    public async Task The_end_of_a_prompt_that_is_too_long_is_named()
    {
        using var models = new Models(new RuntimeOptions());
        var prompt = $"{string.Join(' ', Enumerable.Repeat("a", 75))} on a blue table";
        var item = new GenerationItem(prompt) { NegativePrompt = prompt, Size = new ImageSize(64, 64) };
        using var pipeline = new GenerationPipeline(models.Backbone);
        var guided = await pipeline.GenerateAsync(new GenerationRequest(item, item with { Prompt = "a" }) { Steps = 1 });
        Assert.Contains(
            guided.Items[0].Warnings,
            static warning => warning.Contains("does not read the end of the prompt: \"on a blue table\"", StringComparison.Ordinal)
        );
        Assert.All(
            guided.Items[1].Warnings,
            static warning => Assert.Contains("of the negative prompt", warning, StringComparison.Ordinal)
        );
        Assert.NotEmpty(guided.Items[1].Warnings);

        var plain = await pipeline.GenerateAsync(new GenerationRequest(item with { Prompt = "a" }) { Steps = 1, Guidance = 1 });
        Assert.Empty(plain.Items[0].Warnings);
    }

    [Theory]
    [InlineData(ResidencyPolicy.KeepAll)]
    [InlineData(ResidencyPolicy.OffloadToHost)]
    [InlineData(ResidencyPolicy.LoadOnDemand)]
    [InlineData(ResidencyPolicy.StreamBlocks)]
    public async Task No_memory_policy_changes_the_picture_or_leaves_anything(ResidencyPolicy policy)
    {
        using var models = new Models(new RuntimeOptions { Residency = policy });
        var before = LiveTensors.Count();
        var result = await models.Pipeline.AlignOneAsync(request with { Rounds = 2 });
        Assert.Equal(before, LiveTensors.Count());
        Assert.Equal(policy is ResidencyPolicy.LoadOnDemand or ResidencyPolicy.StreamBlocks, models.Runtime.Residency.DeviceBytes == 0);

        using var kept = new Models(new RuntimeOptions());
        var expected = await kept.Pipeline.AlignOneAsync(request with { Rounds = 2 });
        Assert.Equal(expected.Image.Pixels, result.Image.Pixels);
    }

    [Theory]
    [InlineData("a cube <image>", "<image>")]
    [InlineData(null, "4096")]
    public async Task What_the_detector_cannot_read_is_refused_before_anything_is_generated(string? prompt, string expected)
    {
        using var models = new Models(new RuntimeOptions());
        var refused = request.With(item =>
            item with
            {
                Prompt = prompt ?? string.Concat(Enumerable.Repeat("a red cube on a blue table, ", 4000)),
            }
        );
        var error = await Assert.ThrowsAnyAsync<ArgumentException>(() => models.Pipeline.AlignAsync(refused));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Loading_on_demand_has_one_stage_in_memory_at_a_time()
    {
        var most = 0L;
        Models? own = null;
        using var models = own = new Models(
            new RuntimeOptions { Residency = ResidencyPolicy.LoadOnDemand },
            _ => most = Math.Max(most, own!.Runtime.Residency.DeviceBytes)
        );
        await models.Pipeline.AlignAsync(request);
        var estimate = Assert.Single(models.Pipeline.EstimateMemory(request));
        Assert.InRange(most, 1, estimate.Stages.Max(stage => stage.WeightBytes));
        Assert.True(estimate.RequiredBytes < estimate.RequiredUnder(ResidencyPolicy.KeepAll));
        Assert.Equal(
            ["SDXL UNet", "LLaVA-1.5"],
            estimate.Stages.Where(stage => stage.StreamedWeightBytes < stage.WeightBytes).Select(stage => stage.Name)
        );
    }

    [Fact]
    public async Task Unloading_frees_the_weights_and_the_next_run_loads_them_again()
    {
        using var models = new Models(new RuntimeOptions());
        await models.Runtime.WarmUpAsync();
        var loaded = models.Runtime.Residency.DeviceBytes;
        Assert.True(loaded > 0);
        var first = await models.Pipeline.AlignOneAsync(request);
        Assert.Equal(loaded, models.Runtime.Residency.DeviceBytes);
        await models.Runtime.UnloadAsync();
        Assert.Equal(0, models.Runtime.Residency.DeviceBytes);
        var again = await models.Pipeline.AlignOneAsync(request);
        Assert.Equal(first.Image.Pixels, again.Image.Pixels);
    }

    [Theory]
    [InlineData("Predict", 2)]
    [InlineData("Detect", 1)]
    [InlineData("Predict", 7)]
    public async Task A_cancelled_run_leaves_nothing(string method, int call)
    {
        using var cancellation = new CancelAtCall(method, call);
        using var models = new Models(new RuntimeOptions(), cancellation.Hook);
        var before = LiveTensors.Count();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            models.Pipeline.AlignAsync(request, cancellationToken: cancellation.Token)
        );
        Assert.Equal(before, LiveTensors.Count());
    }

    [Fact]
    public async Task Items_of_a_batch_are_what_they_would_be_alone()
    {
        using var models = new Models(new RuntimeOptions());
        AlignmentItem[] items =
        [
            request.Items[0],
            request.Items[0] with
            {
                Prompt = "two dogs in the snow!",
                Seed = 7,
                Question = null,
            },
            request.Items[0] with
            {
                Seed = 8,
                Size = new ImageSize(64, 32),
            },
        ];
        var together = await models.Pipeline.AlignAsync(request with { Items = items });
        Assert.Equal(3, together.Report.BatchSize);
        for (var i = 0; i < items.Length; i++)
        {
            var alone = await models.Pipeline.AlignOneAsync(request with { Items = [items[i]] });
            AssertEqual(alone.BaseImage, together.Items[i].BaseImage);
            AssertEqual(alone.Image, together.Items[i].Image);
        }
    }

    [Fact]
    public async Task It_runs_in_16_bits()
    {
        using var models = new Models(new RuntimeOptions { Precision = Precision.BFloat16 });
        var result = await models.Pipeline.AlignOneAsync(request);
        Assert.Equal(new ImageSize(64, 64), result.Image.Size);
    }

    [Fact]
    public void Sdxl_conforms()
    {
        using var models = new Models(new RuntimeOptions());
        Assert.Empty(BackboneConformance.Check(models.Backbone, new ImageSize(64, 64)));
    }

    [Fact]
    public void An_aligner_for_another_detector_is_refused()
    {
        using var models = new Models(new RuntimeOptions());
        using var other = new ImplicitAligner(models.Runtime, Path.Combine(TestData.Golden, "sdxl", "ckpts", "aligner_sdxl.pth"));
        var exception = Assert.Throws<ArgumentException>(() => new AlignmentPipeline(models.Backbone, models.Detector, other));
        Assert.Contains("LLaVA-1.5", exception.Message, StringComparison.Ordinal);
    }

    private static RgbImage ToImage(torch.Tensor pixels) => new((int)pixels.shape[1], (int)pixels.shape[0], pixels.data<byte>().ToArray());

    // The reference computes in float64: a value may round to the other side.
    private static void AssertEqual(RgbImage expected, RgbImage actual)
    {
        Assert.Equal(expected.Size, actual.Size);
        for (var i = 0; i < expected.Pixels.Length; i++)
            Assert.InRange(actual.Pixels[i] - expected.Pixels[i], -1, 1);
    }

    private sealed class Models : IDisposable
    {
        public Models(RuntimeOptions options, Action<string>? hook = null)
        {
            var sdxl = Path.Combine(TestData.Golden, "sdxl");
            options.Threads = 1; // the networks are too small for more
            Runtime = new DeviceRuntime(options);
            Backbone = new SdxlBackbone(
                Runtime,
                new SdxlOptions { ModelPath = Path.Combine(sdxl, "checkpoint"), ImagePromptPath = Path.Combine(sdxl, "ckpts") }
            );
            Detector = new LlavaDetector(Runtime, new LlavaOptions { ModelPath = Path.Combine(TestData.Golden, "mllm", "llava-hf") });
            Aligner = new ImplicitAligner(Runtime, Path.Combine(TestData.Golden, "round", "aligner_sdxl_llava.pth"), headWidth: 16);
            Pipeline = hook is null
                ? new AlignmentPipeline(Backbone, Detector, Aligner)
                : new AlignmentPipeline(
                    new HookedBackbone(Backbone, hook),
                    new HookedDetector(Detector, hook),
                    new HookedAligner(Aligner, hook)
                );
        }

        public DeviceRuntime Runtime { get; }
        public SdxlBackbone Backbone { get; }
        public LlavaDetector Detector { get; }
        public ImplicitAligner Aligner { get; }
        public AlignmentPipeline Pipeline { get; }

        public void Dispose()
        {
            Pipeline.Dispose();
            Aligner.Dispose();
            Detector.Dispose();
            Backbone.Dispose();
            Runtime.Dispose();
        }
    }
}
