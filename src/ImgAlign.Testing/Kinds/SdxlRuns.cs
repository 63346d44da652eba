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
        Runtime = GoldenNetworks.RuntimeOn(device);
        sdxl = new SdxlBackbone(
            Runtime,
            new SdxlOptions
            {
                ModelPath = golden.CheckpointPath!,
                ConfigPath = golden.PathOption("config"),
                UNetPath = golden.PathOption("unet"),
                VaePath = golden.PathOption("vae"),
                ImagePromptPath = golden.PathOption("ckpts"),
            }
        );
        var scheduler = options.TryGetProperty("scheduler", out var own) ? SchedulerConfig.FromJson(own, golden.Folder) : null;
        Backbone = new RecordedBackbone(sdxl) { Scheduler = scheduler };
        // Unless each item has its own, there is one for all: the reference draws for the whole batch.
        var seeds = options.TryGetProperty("seeds", out var list)
            ? list.EnumerateArray().Select(static seed => seed.GetInt64()).ToList()
            : null;
        noise = new TorchNoise(seeds is null ? options.GetProperty("seed").GetInt64() : 0);
        var start = golden.StartPicture();
        var (prompts, negatives) = (options.Texts("prompt"), options.Texts("negative_prompt"));
        request = new GenerationRequest(
            prompts.Select(
                (prompt, index) =>
                    new GenerationItem(prompt!)
                    {
                        NegativePrompt = negatives.ElementAtOrDefault(negatives.Count == 1 ? 0 : index),
                        Seed = seeds?[index] ?? options.GetProperty("seed").GetInt64(),
                        Size = new ImageSize(options.GetProperty("width").GetInt32(), options.GetProperty("height").GetInt32()),
                        Image = start,
                        Noise = prompts.Count == 1 || seeds is not null ? null : noise,
                    }
            )
        )
        {
            Steps = options.TryGetProperty("steps", out var steps) ? steps.GetInt32() : null,
            NoiseLevels = options.TryGetProperty("timesteps", out var timesteps)
                ? new() { Timesteps = [.. timesteps.EnumerateArray().Select(static timestep => timestep.GetDouble())] }
                : null,
            Eta = options.TryGetProperty("eta", out var eta) ? eta.GetDouble() : null,
            Guidance = options.GetProperty("guidance").GetDouble(),
            Strength = start is null ? null : options.GetProperty("strength").GetDouble(),
            GuidanceRescale = golden.Number("guidance_rescale", 0),
            Family = options.TryGetProperty("prompt_weighting", out var weighting)
                ? new SdxlSettings { PromptWeights = weighting.GetBoolean() }
                : null,
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
        var headWidth = golden.Options.TryGetProperty("aligner_config", out var config)
            ? config.GetProperty("dim_head").GetInt32()
            : PerceiverConfig.ReleasedHeadWidth;
        return new RecordedAligner(new ImplicitAligner(Runtime, path, headWidth));
    }

    public void Dispose()
    {
        noise.Dispose();
        sdxl.Dispose();
        Runtime.Dispose();
    }
}
