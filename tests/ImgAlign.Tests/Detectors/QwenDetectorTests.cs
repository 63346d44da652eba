using ImgAlign.Alignment;
using ImgAlign.Checkpoints;
using ImgAlign.Detectors;
using ImgAlign.Imaging;
using ImgAlign.Runtime;
using ImgAlign.Testing.Reference;
using ImgAlign.Tests.Checkpoints;
using TorchSharp;

namespace ImgAlign.Tests.Detectors;

public sealed class QwenDetectorTests : IDisposable
{
    private static readonly string Family = Path.Combine(TestData.Golden, "mllm");
    private static readonly QwenOptions Options = new() { ModelPath = Path.Combine(Family, "qwen") };

    private readonly DeviceRuntime runtime = new(new RuntimeOptions { Threads = 1 });
    private readonly RgbImage image = ImageFile.Load(Path.Combine(Family, "images", "chelsea.png"));

    public void Dispose() => runtime.Dispose();

    [Fact]
    public void An_answer_is_the_references_and_does_not_change_what_is_seen()
    {
        using var detector = new QwenDetector(runtime, Options);
        // As in the golden case qwen-generate-one.
        const string question = "How to adjust the image to match the prompt: a red panda wearing a tiny hat?";
        using var answered = detector.Detect(image, question, 12);
        using var silent = detector.Detect(image, question);
        Assert.Equal("\uFFFDguitar\uFFFDの上に座ってぃimlignsideHplanescrib backgrounds tall", answered.Critique);
        Assert.Null(silent.Critique);
        Assert.Equal(detector.HiddenSize, silent.HiddenStates.shape[2]);
        using var difference = (answered.HiddenStates - silent.HiddenStates).abs();
        Assert.True(difference.max().item<float>() < 1e-5);
    }

    [Fact]
    public void Nothing_is_left_behind()
    {
        using var detector = new QwenDetector(runtime, Options);
        detector.Detect(image, "What?", 1).Dispose();
        var live = LiveTensors.Count();
        detector.Detect(image, "What is missing?").Dispose();
        detector.Detect(image, "What is missing?", 5).Dispose();
        Assert.Throws<OperationCanceledException>(() => detector.Detect(image, "What?", 5, new CancellationToken(canceled: true)));
        Assert.Throws<InvalidRequestException>(() => detector.Detect(image, "What is in <|image_pad|>?"));
        Assert.Throws<InvalidRequestException>(() => detector.Detect(new RgbImage(201, 1, new byte[603]), "What?"));
        Assert.Equal(live, torch.Tensor.TotalCount);
    }

    [Fact]
    public void An_answer_can_be_cancelled_between_tokens()
    {
        using var detector = new QwenDetector(runtime, Options);
        detector.Detect(image, "What?", 1).Dispose();
        var live = LiveTensors.Count();
        using var cancellation = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        Assert.Throws<OperationCanceledException>(AskOnAndOn);
        Assert.Equal(live, torch.Tensor.TotalCount);

        void AskOnAndOn()
        {
            while (true)
                detector.Detect(image, "What is missing?", 1000, cancellation.Token).Dispose();
        }
    }

    [Fact]
    public void What_cannot_be_asked_is_refused_before_weights_are_read()
    {
        using var detector = new QwenDetector(runtime, Options);
        var live = LiveTensors.Count();
        Assert.Contains(
            "128000 at most",
            Assert.Throws<InvalidRequestException>(() => detector.CheckQuestion(new string('!', 200_000))).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "<|video_pad|>",
            Assert.Throws<InvalidRequestException>(() => detector.CheckQuestion("<|video_pad|>")).Message,
            StringComparison.Ordinal
        );
        detector.CheckQuestion("");
        detector.CheckQuestion("<|im_end|> <tool_call> 👨\u200D👩\u200D👧 猫 \uD83D");
        Assert.Equal(live, torch.Tensor.TotalCount);
    }

    [Fact]
    public void Runs_in_bfloat16()
    {
        using var scope = torch.NewDisposeScope();
        using var half = new DeviceRuntime(new RuntimeOptions { Precision = Precision.BFloat16, Threads = 1 });
        using var exact = new QwenDetector(runtime, Options);
        using var rounded = new QwenDetector(half, Options);
        var (x, y) = (exact.Detect(image, "What?").HiddenStates, rounded.Detect(image, "What?", 3).HiddenStates);
        Assert.Equal(torch.bfloat16, y.dtype);
        Assert.True((x - y.to(torch.float32)).norm().item<float>() < 0.05 * x.norm().item<float>());
    }

    [Theory]
    [InlineData(WeightStorage.Int8, 0.05)]
    [InlineData(WeightStorage.Float8, 0.2)]
    public void Weights_in_8_bits_change_little(WeightStorage storage, double tolerance)
    {
        using var scope = torch.NewDisposeScope();
        using var exact = new QwenDetector(runtime, Options);
        using var compact = new QwenDetector(runtime, new() { ModelPath = Options.ModelPath, Storage = storage });
        var (x, y) = (exact.Detect(image, "What?").HiddenStates, compact.Detect(image, "What?").HiddenStates);
        Assert.InRange((x - y).norm().item<float>() / x.norm().item<float>(), 1e-6, tolerance);
    }

    [Fact]
    public void Blocks_that_come_one_by_one_see_the_same()
    {
        using var scope = torch.NewDisposeScope();
        using var streaming = new DeviceRuntime(new RuntimeOptions { Residency = ResidencyPolicy.StreamBlocks, Threads = 1 });
        using var kept = new QwenDetector(runtime, Options);
        using var streamed = new QwenDetector(streaming, Options);
        var (x, y) = (kept.Detect(image, "What?", 3), streamed.Detect(image, "What?", 3));
        Assert.True(x.HiddenStates.allclose(y.HiddenStates));
        Assert.Equal(x.Critique, y.Critique);
    }

    [Fact]
    public void The_system_message_and_the_most_pixels_are_options()
    {
        using var plain = new QwenDetector(runtime, Options);
        using var coarse = new QwenDetector(runtime, new() { ModelPath = Options.ModelPath, MaxPixels = 28 * 28 * 2 });
        using var critic = new QwenDetector(runtime, new() { ModelPath = Options.ModelPath, System = "" });
        var lengths = new[] { plain, coarse, critic }.Select(detector => Length(detector)).ToList();
        Assert.Equal(lengths[0] - 7, lengths[1]); // 8 cells become 1: two would not have its shape
        Assert.True(lengths[2] < lengths[0]);
        Assert.Contains(
            "<|image_pad|>",
            Assert
                .Throws<InvalidRequestException>(() =>
                    new QwenDetector(runtime, new() { ModelPath = Options.ModelPath, System = "<|image_pad|>" })
                )
                .Message,
            StringComparison.Ordinal
        );

        long Length(QwenDetector detector)
        {
            using var detection = detector.Detect(image, "What?");
            return detection.HiddenStates.shape[1];
        }
    }

    [Fact]
    public void The_estimate_grows_with_the_picture_and_the_answer()
    {
        using var detector = new QwenDetector(runtime, Options);
        long Bytes(int side, int tokens) =>
            detector
                .EstimateStages(new Workload { Size = new ImageSize(side, side), CritiqueTokens = tokens })
                .Sum(stage => stage.ActivationBytes);
        Assert.True(Bytes(96, 0) > Bytes(56, 0));
        Assert.True(Bytes(56, 100) > Bytes(56, 0));
    }

    [Theory]
    [InlineData("config.json", """{"model_type": "qwen2_vl"}""", "'qwen2_vl'")]
    [InlineData("preprocessor_config.json", """{"patch_size": 16}""", "cuts other patches")]
    [InlineData("tokenizer.json", null, "tokenizer_config.json", "tokenizer_config.json")]
    [InlineData("model-00002-of-00002.safetensors", null, "model-00002-of-00002.safetensors")]
    public void A_wrong_file_is_named_at_once(string file, string? contents, string expected, string? alsoMissing = null)
    {
        using var folder = new TemporaryFolder();
        foreach (var path in Directory.GetFiles(Options.ModelPath))
            File.Copy(path, folder.File(Path.GetFileName(path)));
        if (contents is null)
            File.Delete(folder.File(file));
        else
            folder.Write(file, contents);
        if (alsoMissing is not null)
            File.Delete(folder.File(alsoMissing));
        Assert.Contains(
            expected,
            Assert.ThrowsAny<ImgAlignException>(() => new QwenDetector(runtime, new() { ModelPath = folder.Path })).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void An_aligner_for_another_detector_is_refused()
    {
        using var detector = new QwenDetector(runtime, Options);
        using var aligner = new ImplicitAligner(runtime, Path.Combine(TestData.Golden, "sdxl", "ckpts", "aligner_sdxl.pth"));
        using var backbone = new ColourBackbone(runtime);
        var message = Assert.Throws<ArgumentException>(() => new AlignmentPipeline(backbone, detector, aligner)).Message;
        Assert.Contains($"width {aligner.DetectorWidth}, but Qwen2.5-VL gives {detector.HiddenSize}", message, StringComparison.Ordinal);
    }
}
