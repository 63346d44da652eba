using ImgAlign.Alignment;
using ImgAlign.Backbones;
using ImgAlign.Checkpoints;
using ImgAlign.Runtime;

namespace ImgAlign.Tests.Alignment;

/// <summary>Which aligner fits which image prompt: any number of tokens passes through the network, so that shapes do not tell.</summary>
public sealed class AlignerOriginTests : ModelTestBase
{
    private const string FluxAligner = "aligner_flux.pth";
    private static readonly string Flux = Path.Combine(TestData.Golden, "flux");
    private static readonly string Released = Path.Combine(Flux, "aligner", FluxAligner);

    [Theory]
    [InlineData(FluxAligner, 4)]
    [InlineData("aligner_sdxl.pth", 16)]
    [InlineData("another.pth", null)]
    public void Of_the_authors_files_the_name_tells(string name, int? tokens)
    {
        File.CreateSymbolicLink(Folder.File(name), Released);
        using var aligner = new ImplicitAligner(Runtime, Folder.File(name), headWidth: 8);
        Assert.Equal(new AlignerOrigin(tokens, null), aligner.Origin);
    }

    [Fact]
    public void A_header_tells_and_an_option_may_where_it_does_not()
    {
        var file = Write(new AlignerOrigin(4, "LLaVA-1.5"));
        using var aligner = new ImplicitAligner(Runtime, file, headWidth: 8, tokens: 4);
        Assert.Equal(new AlignerOrigin(4, "LLaVA-1.5"), aligner.Origin);
        var other = Assert.Throws<CheckpointException>(() => new ImplicitAligner(Runtime, file, headWidth: 8, tokens: 16));
        Assert.Contains("was trained for 4 image-prompt tokens, not 16", other.Message, StringComparison.Ordinal);

        using var said = new ImplicitAligner(Runtime, Write(null), headWidth: 8, tokens: 16);
        Assert.Equal(new AlignerOrigin(16, null), said.Origin);
    }

    [Fact]
    public void An_image_prompt_of_16_tokens_is_refused_with_an_aligner_of_4()
    {
        var refused = Assert.Throws<ArgumentException>(() => Warnings(Released, "flux-ip-adapter-v2"));
        Assert.Contains("for an image prompt of 4 tokens, but this one of FLUX has 16", refused.Message, StringComparison.Ordinal);
        Assert.Empty(Warnings(Released, "flux-ip-adapter"));
        Assert.Empty(Warnings(Write(new AlignerOrigin(16, "any")), "flux-ip-adapter-v2"));
    }

    [Fact]
    public void Another_detector_is_refused()
    {
        var refused = Assert.Throws<ArgumentException>(() => Warnings(Write(new AlignerOrigin(4, "Qwen2.5-VL")), "flux-ip-adapter"));
        Assert.Contains("was trained with Qwen2.5-VL, but the detector is any", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_aligner_that_does_not_tell_is_taken_with_a_warning()
    {
        var warning = Assert.Single(Warnings(Write(null), "flux-ip-adapter-v2"));
        Assert.Contains("does not say how many image-prompt tokens", warning, StringComparison.Ordinal);
        Assert.Contains("--aligner-tokens", warning, StringComparison.Ordinal);
    }

    // What a pipeline warns of where it takes the aligner.
    private IReadOnlyList<string> Warnings(string alignerFile, string imagePrompt)
    {
        var options = new FluxOptions
        {
            ModelPath = Path.Combine(Flux, "FLUX.1-dev"),
            ImageEncoderPath = Path.Combine(Flux, "flux-ip-adapter", "image_encoder"),
            AdapterPath = Path.Combine(Flux, imagePrompt, "ip_adapter.safetensors"),
            MaxTextTokens = 16,
        };
        using var backbone = new FluxBackbone(Runtime, options);
        using var aligner = new ImplicitAligner(Runtime, alignerFile, headWidth: 8);
        using var detector = new AnyDetector(Runtime, aligner.DetectorWidth);
        using var pipeline = new AlignmentPipeline(backbone, detector, aligner);
        var request = new AlignmentRequest(new AlignmentItem("a red cube") { Size = new(32, 32) })
        {
            Steps = 1,
            Family = new FluxSettings { TrueGuidance = 1 },
        };
        return pipeline.AlignAsync(request).GetAwaiter().GetResult().Items[0].Warnings;
    }

    private string Write(AlignerOrigin? origin)
    {
        using var weights = Checkpoint.Open(Released);
        var file = Folder.File($"{Guid.NewGuid():N}.safetensors");
        SafetensorsWriter.Write(file, weights, origin?.ToMetadata());
        return file;
    }

    /// <summary>Gives hidden states of zeros.</summary>
    private sealed class AnyDetector(DeviceRuntime runtime, int width) : IMisalignmentDetector
    {
        public string Name => "any";

        public DeviceRuntime Runtime => runtime;

        public int HiddenSize => width;

        public void CheckQuestion(string question) { }

        public IReadOnlyList<Detection> Detect(
            IReadOnlyList<DetectionInput> inputs,
            int critiqueTokens = 0,
            CancellationToken cancellationToken = default
        ) => [.. inputs.Select(_ => new Detection(TorchSharp.torch.zeros(1, 3, width), null))];

        public void Dispose() { }
    }
}
