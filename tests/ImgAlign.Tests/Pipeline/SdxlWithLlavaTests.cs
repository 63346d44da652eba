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

    public SdxlWithLlavaTests() => request = new AlignmentRequest
    {
        Prompt = golden.Options.GetProperty("prompt").GetString()!,
        Question = golden.Options.GetProperty("question").GetString(),
        Seed = 306,
        Steps = 5,
        Size = new ImageSize(64, 64),
    };

    public void Dispose() => golden.Dispose();

    [Fact]
    public async Task A_round_is_the_reference_s()
    {
        using var models = new Models(new RuntimeOptions());
        var image = ToImage(golden.Inputs["base_image"]);
        var aligned = await models.Pipeline.AlignAsync(request with { Image = image });
        AssertEqual(ToImage(golden.Outputs["image.1"]), aligned.Image);

        var whole = await models.Pipeline.AlignAsync(request with { DescribeCritique = true });
        AssertEqual(image, whole.BaseImage);
        Assert.NotNull(whole.Rounds[0].Critique);
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
        var result = await models.Pipeline.AlignAsync(request with { Rounds = 2 });
        Assert.Equal(before, LiveTensors.Count());
        Assert.Equal(policy is ResidencyPolicy.LoadOnDemand or ResidencyPolicy.StreamBlocks, models.Runtime.Residency.DeviceBytes == 0);

        using var kept = new Models(new RuntimeOptions());
        var expected = await kept.Pipeline.AlignAsync(request with { Rounds = 2 });
        Assert.Equal(expected.Image.Pixels, result.Image.Pixels);
    }

    [Theory]
    [InlineData("a cube <image>", "<image>")]
    [InlineData(null, "4096")]
    public async Task What_the_detector_cannot_read_is_refused_before_anything_is_generated(string? prompt, string expected)
    {
        using var models = new Models(new RuntimeOptions());
        var updates = new List<AlignmentUpdate>();
        var refused = request with { Prompt = prompt ?? string.Concat(Enumerable.Repeat("a red cube on a blue table, ", 4000)) };
        var error = await Assert.ThrowsAsync<ImgAlignException>(() => models.Pipeline.AlignAsync(refused, new Updates(updates.Add)));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Empty(updates);
    }

    [Fact]
    public async Task Loading_on_demand_has_one_stage_in_memory_at_a_time()
    {
        using var models = new Models(new RuntimeOptions { Residency = ResidencyPolicy.LoadOnDemand });
        var most = 0L;
        await models.Pipeline.AlignAsync(request, new Updates(_ => most = Math.Max(most, models.Runtime.Residency.DeviceBytes)));
        var estimate = await models.Pipeline.EstimateMemoryAsync(request.Size);
        Assert.InRange(most, 1, estimate.Stages.Max(stage => stage.WeightBytes));
        Assert.True(estimate.RequiredBytes < estimate.RequiredUnder(ResidencyPolicy.KeepAll));
        Assert.Equal(["SDXL UNet", "LLaVA-1.5"], estimate.Stages.Where(stage => stage.StreamedWeightBytes < stage.WeightBytes).Select(stage => stage.Name));
    }

    [Fact]
    public async Task Unloading_frees_the_weights_and_the_next_run_loads_them_again()
    {
        using var models = new Models(new RuntimeOptions());
        await models.Pipeline.WarmUpAsync();
        var loaded = models.Runtime.Residency.DeviceBytes;
        Assert.True(loaded > 0);
        var first = await models.Pipeline.AlignAsync(request);
        Assert.Equal(loaded, models.Runtime.Residency.DeviceBytes);
        await models.Pipeline.UnloadAsync();
        Assert.Equal(0, models.Runtime.Residency.DeviceBytes);
        var again = await models.Pipeline.AlignAsync(request);
        Assert.Equal(first.Image.Pixels, again.Image.Pixels);
    }

    [Theory]
    [InlineData(AlignmentStage.Generate, 0, 2)]
    [InlineData(AlignmentStage.Detect, 1, 0)]
    [InlineData(AlignmentStage.Generate, 1, 1)]
    public async Task A_cancelled_run_leaves_nothing(AlignmentStage stage, int round, int step)
    {
        using var models = new Models(new RuntimeOptions());
        using var cancellation = new CancellationTokenSource();
        var updates = new Updates(update =>
        {
            if (update.Stage == stage && update.Round == round && update.Step == step) cancellation.Cancel();
        });
        var before = LiveTensors.Count();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => models.Pipeline.AlignAsync(request, updates, cancellation.Token));
        Assert.Equal(before, LiveTensors.Count());
    }

    [Fact]
    public async Task It_runs_in_16_bits()
    {
        using var models = new Models(new RuntimeOptions { Precision = Precision.BFloat16 });
        var result = await models.Pipeline.AlignAsync(request);
        Assert.Equal(new ImageSize(64, 64), result.Image.Size);
    }

    [Fact]
    public async Task Sdxl_conforms()
    {
        using var models = new Models(new RuntimeOptions());
        Assert.Empty(await models.Runtime.Worker.RunAsync(() => BackboneConformance.Check(models.Backbone, new ImageSize(64, 64))));
    }

    [Fact]
    public void An_aligner_for_another_detector_is_refused()
    {
        using var models = new Models(new RuntimeOptions());
        using var other = new ImplicitAligner(models.Runtime, Path.Combine(TestData.Golden, "sdxl", "ckpts", "aligner_sdxl.pth"));
        var exception = Assert.Throws<ImgAlignException>(() => new AlignmentPipeline(models.Runtime, models.Backbone, models.Detector, other));
        Assert.Contains("LLaVA-1.5", exception.Message, StringComparison.Ordinal);
    }

    private static RgbImage ToImage(torch.Tensor pixels) => new((int)pixels.shape[1], (int)pixels.shape[0], pixels.data<byte>().ToArray());

    // The reference computes in float64: a value may round to the other side.
    private static void AssertEqual(RgbImage expected, RgbImage actual)
    {
        Assert.Equal(expected.Size, actual.Size);
        for (var i = 0; i < expected.Pixels.Length; i++) Assert.InRange(actual.Pixels[i] - expected.Pixels[i], -1, 1);
    }

    private sealed class Models : IDisposable
    {
        public Models(RuntimeOptions options)
        {
            var sdxl = Path.Combine(TestData.Golden, "sdxl");
            options.Threads = 1;  // the networks are too small for more
            Runtime = new DeviceRuntime(options);
            Backbone = new SdxlBackbone(Runtime, new SdxlOptions { ModelPath = Path.Combine(sdxl, "checkpoint"), ImagePromptPath = Path.Combine(sdxl, "ckpts") });
            Detector = new LlavaDetector(Runtime, new LlavaOptions { ModelPath = Path.Combine(TestData.Golden, "mllm", "llava-hf") });
            Aligner = new ImplicitAligner(Runtime, Path.Combine(TestData.Golden, "round", "aligner_sdxl_llava.pth"), headWidth: 16);
            Pipeline = new AlignmentPipeline(Runtime, Backbone, Detector, Aligner);
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
