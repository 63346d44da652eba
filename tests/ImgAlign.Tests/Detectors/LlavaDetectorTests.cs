using ImgAlign.Detectors;
using ImgAlign.Imaging;
using ImgAlign.Runtime;
using TorchSharp;

namespace ImgAlign.Tests.Detectors;

public sealed class LlavaDetectorTests : IDisposable
{
    private static readonly string Family = Path.Combine(TestData.Golden, "mllm");
    private static readonly LlavaOptions Transformers = new() { ModelPath = Path.Combine(Family, "llava-hf") };

    private static readonly LlavaOptions Authors = new()
    {
        ModelPath = Path.Combine(Family, "llava-original"),
        VisionTowerPath = Path.Combine(Family, "clip-vit-large-patch14-336"),
    };

    private readonly DeviceRuntime runtime = new(new RuntimeOptions());
    private readonly RgbImage image = ImageFile.Load(Path.Combine(Family, "images", "chelsea.png"));

    [Fact]
    public void Both_layouts_see_the_same()
    {
        using var scope = torch.NewDisposeScope();
        using var first = new LlavaDetector(runtime, Transformers);
        using var second = new LlavaDetector(runtime, Authors);
        var (x, y) = (first.Detect(image, "What is missing?").HiddenStates, second.Detect(image, "What is missing?").HiddenStates);
        Assert.Equal(first.HiddenSize, x.shape[2]);
        Assert.True(x.allclose(y, rtol: 1e-4, atol: 1e-4));
    }

    [Fact]
    public void An_answer_is_the_references()
    {
        using var detector = new LlavaDetector(runtime, Transformers);
        // As in the golden case llava-generate-v0.
        Assert.Equal(
            "planplanplanplanplanplanplanplanti skucallo",
            Answer(detector, "How to align the image to match the prompt: a intelligent chair from the girl?", 12)
        );
    }

    [Fact]
    public void An_answer_does_not_change_the_hidden_states()
    {
        using var detector = new LlavaDetector(runtime, Transformers);
        using var silent = detector.Detect(image, "What is missing?");
        using var answered = detector.Detect(image, "What is missing?", 3);
        Assert.Null(silent.Critique);
        Assert.NotNull(answered.Critique);
        Assert.Equal(silent.HiddenStates.data<float>().ToArray(), answered.HiddenStates.data<float>().ToArray());
    }

    [Fact]
    public void The_estimate_follows_question_and_answer()
    {
        using var detector = new LlavaDetector(runtime, Transformers);
        var usual = new Workload { Size = new ImageSize(64, 64) };
        long Activations(Workload workload) => detector.EstimateStages(workload).Single().ActivationBytes;

        Assert.True(Activations(usual with { Question = "What?" }) < Activations(usual));
        Assert.True(Activations(usual) < Activations(usual with { Question = string.Concat(Enumerable.Repeat("What is missing? ", 400)) }));
        Assert.True(Activations(usual) < Activations(usual with { CritiqueTokens = 1 }));
        // Answers end with the model's longest sequence, 4096: keys and values of width 64 in three layers, and a copy of one of them while
        // they grow.
        Assert.Equal(4L * 7 * 4096 * 64, Activations(usual with { CritiqueTokens = 4096 }) - Activations(usual));
    }

    [Fact]
    public void Nothing_is_left_behind()
    {
        using var detector = new LlavaDetector(runtime, Transformers);
        Answer(detector, "What?", 1);
        var live = LiveTensors.Count();
        detector.Detect(image, "What is missing?").Dispose();
        Answer(detector, "What is missing?", 5);
        Assert.Throws<OperationCanceledException>(() => detector.Detect(image, "What?", 5, new CancellationToken(canceled: true)));
        Assert.Throws<InvalidRequestException>(() => detector.Detect(image, "What is in <image>?"));
        Assert.Equal(live, torch.Tensor.TotalCount);
    }

    [Fact]
    public void A_question_that_is_too_long_is_refused_before_weights_are_read()
    {
        using var detector = new LlavaDetector(runtime, Transformers);
        var live = LiveTensors.Count();
        var exception = Assert.Throws<InvalidRequestException>(() => detector.Detect(image, new string('x', 100_000)));
        Assert.Contains("4096 at most", exception.Message, StringComparison.Ordinal);
        Assert.Equal(live, torch.Tensor.TotalCount);
    }

    [Fact]
    public void Runs_in_bfloat16()
    {
        using var scope = torch.NewDisposeScope();
        using var half = new DeviceRuntime(new RuntimeOptions { Precision = Precision.BFloat16 });
        using var exact = new LlavaDetector(runtime, Transformers);
        using var rounded = new LlavaDetector(half, Transformers);
        var (x, y) = (exact.Detect(image, "What?").HiddenStates, rounded.Detect(image, "What?").HiddenStates);
        Assert.Equal(torch.bfloat16, y.dtype);
        Assert.True((x - y.to(torch.float32)).norm().item<float>() < 0.05 * x.norm().item<float>());
        Assert.NotEmpty(Answer(rounded, "What?", 3));
    }

    [Fact]
    public void Padding_is_an_option()
    {
        using var scope = torch.NewDisposeScope();
        using var padded = new LlavaDetector(runtime, Transformers);
        using var cropped = new LlavaDetector(runtime, new() { ModelPath = Transformers.ModelPath, ImageAspectRatio = "crop" });
        Assert.False(padded.Detect(image, "What?").HiddenStates.allclose(cropped.Detect(image, "What?").HiddenStates));
        Assert.Contains(
            "'stretch'",
            Assert
                .Throws<ImgAlignException>(() =>
                    new LlavaDetector(runtime, new() { ModelPath = Transformers.ModelPath, ImageAspectRatio = "stretch" })
                )
                .Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void An_unknown_template_is_named() =>
        Assert.Contains(
            "'llama_3'",
            Assert
                .Throws<ImgAlignException>(() =>
                    new LlavaDetector(runtime, new() { ModelPath = Transformers.ModelPath, Template = "llama_3" })
                )
                .Message,
            StringComparison.Ordinal
        );

    public void Dispose() => runtime.Dispose();

    private string Answer(LlavaDetector detector, string question, int maxNewTokens)
    {
        using var detection = detector.Detect(image, question, maxNewTokens);
        return detection.Critique!;
    }
}
