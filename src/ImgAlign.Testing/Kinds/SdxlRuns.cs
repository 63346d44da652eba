using ImgAlign.Alignment;
using ImgAlign.Backbones;
using ImgAlign.Networks.Perceiver;
using ImgAlign.Runtime;
using ImgAlign.Sampling;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>The runs of one case with SDXL: the same prompts, noise and settings, without and with an image prompt.</summary>
internal sealed class SdxlRuns : IDisposable
{
    private readonly GoldenCase golden;
    private readonly SdxlBackbone sdxl;
    private readonly TorchNoise noise;
    private readonly GenerationRequest request;

    public SdxlRuns(GoldenCase golden, torch.Device device)
    {
        this.golden = golden;
        var options = golden.Options;
        Runtime = new DeviceRuntime(new RuntimeOptions { Device = device.type == DeviceType.CPU ? "cpu" : $"cuda:{device.index}", Precision = Precision.Float32 });
        sdxl = new SdxlBackbone(Runtime, new SdxlOptions
        {
            ModelPath = golden.CheckpointPath!,
            ConfigPath = golden.PathOption("config"),
            UNetPath = golden.PathOption("unet"),
            ImagePromptPath = golden.PathOption("ckpts"),
        });
        Backbone = new RecordedBackbone(sdxl);
        noise = new TorchNoise(options.GetProperty("seed").GetInt64());  // one for all: the reference draws for the whole batch
        var (prompts, negatives) = (options.Texts("prompt"), options.Texts("negative_prompt"));
        request = new GenerationRequest(prompts.Select((prompt, index) => new GenerationItem(prompt!)
        {
            NegativePrompt = negatives.ElementAtOrDefault(negatives.Count == 1 ? 0 : index),
            Seed = options.GetProperty("seed").GetInt64(),
            Size = new ImageSize(options.GetProperty("width").GetInt32(), options.GetProperty("height").GetInt32()),
            Noise = prompts.Count == 1 ? null : noise,
        }))
        {
            Steps = options.GetProperty("steps").GetInt32(),
            Guidance = options.GetProperty("guidance").GetDouble(),
        };
    }

    public DeviceRuntime Runtime { get; }

    /// <summary>What the last run made.</summary>
    public RecordedBackbone Backbone { get; }

    /// <summary>Generates without an image prompt.</summary>
    public IReadOnlyList<RgbImage> Generate() => Backbone.Generate(request);

    /// <summary>One round that starts from a given picture.</summary>
    /// <param name="image">The picture, <c>[H, W, 3]</c>.</param>
    /// <param name="detector">What reads it.</param>
    /// <param name="aligner">What moves its features.</param>
    /// <param name="question">What is asked; null where it does not matter.</param>
    public RgbImage Align(torch.Tensor image, IMisalignmentDetector detector, IImplicitAligner aligner, string? question = null) =>
        Backbone.Align(detector, aligner, golden.AlignmentOf(request, image, question));

    /// <summary>The autoencoder's output for latents.</summary>
    public torch.Tensor DecodeLatents(torch.Tensor latents) => sdxl.DecodeLatents(latents);

    /// <summary>The case's aligner.</summary>
    public RecordedAligner LoadAligner()
    {
        var path = golden.PathOption("aligner") ?? Path.Combine(golden.PathOption("ckpts")!, "aligner_sdxl.pth");
        var headWidth = golden.Options.TryGetProperty("aligner_config", out var config) ? config.GetProperty("dim_head").GetInt32() : PerceiverConfig.ReleasedHeadWidth;
        return new RecordedAligner(new ImplicitAligner(Runtime, path, headWidth));
    }

    public void Dispose()
    {
        noise.Dispose();
        sdxl.Dispose();
        Runtime.Dispose();
    }
}
