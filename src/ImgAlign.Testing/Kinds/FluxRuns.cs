using System.Text.Json;
using ImgAlign.Alignment;
using ImgAlign.Backbones;
using ImgAlign.Imaging;
using ImgAlign.Networks.Flux;
using ImgAlign.Networks.Perceiver;
using ImgAlign.Runtime;
using ImgAlign.Sampling;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>The runs of one case with FLUX: the same prompts, noise and settings, without and with an image prompt.</summary>
internal sealed class FluxRuns : IDisposable
{
    private readonly GoldenCase golden;
    private readonly DeviceRuntime runtime;
    private readonly FluxBackbone flux;
    private readonly GenerationRequest request;

    public FluxRuns(GoldenCase golden, torch.Device device)
    {
        this.golden = golden;
        var options = golden.Options;
        runtime = GoldenNetworks.RuntimeOn(device);
        var reduxOptions = golden.ReduxOptions();
        var redux = reduxOptions is { } given ? golden.ReduxPaths(given) : default((string Path, string? Encoder)?);
        flux = new FluxBackbone(
            runtime,
            new FluxOptions
            {
                ModelPath = golden.CheckpointPath!,
                TransformerPath = Authors("flux1-dev.safetensors"),
                VaePath = Authors("ae.safetensors"),
                ImagePromptPath = golden.HasImagePrompt() && golden.PathOption("ip_adapter") is null ? golden.ImagePromptFolder() : null,
                AdapterPath = golden.PathOption("ip_adapter"),
                ReduxPath = redux?.Path,
                ImageEncoderPath = redux is null ? golden.PathOption("image_encoder") : redux.Value.Encoder,
                ScheduleTokens = golden.IsXFlux() ? FlowTokenCount.Released : FlowTokenCount.Standard,
                Rounding = golden.IsXFlux() ? PixelRounding.Down : PixelRounding.Nearest,
                MaxTextTokens = (int)golden.Number("max_sequence_length", 512),
            }
        );
        var noise = golden.Inputs["noise"].to(device);
        var negatives = ForAll(options.Texts("negative_prompt"), (int)noise.shape[0]);
        Backbone = new FluxCaseBackbone(golden, flux, noise)
        {
            ReduxPrompt = reduxOptions is { } prior ? ReduxKinds.Prompt(golden, prior, device) : null,
            Scheduler = golden.Options.TryGetProperty("scheduler", out _) ? golden.ReadScheduler() : null,
        };

        var isGuided =
            golden.IsXFlux() || options.TryGetProperty("negative_prompt", out var negative) && negative.ValueKind != JsonValueKind.Null;
        var start = golden.StartPicture();
        var image =
            reduxOptions is { } pictures ? ImageFile.Load(golden.Path(pictures.Texts("images")[0]!))
            : start is null && golden.HasImagePrompt() && golden.Inputs.TryGetValue("image", out var picture)
                ? ImagingKinds.ToImage(picture)
            : start;
        var source = start is null ? new GivenNoise(noise) : new GivenNoise(golden.Inputs["posterior_noise"].to(device), noise);
        request = new GenerationRequest(
            ForAll(reduxOptions is null ? options.Texts("prompt") : ["pictures"], negatives.Count)
                .Zip(
                    negatives,
                    (prompt, negated) =>
                        new GenerationItem(prompt)
                        {
                            NegativePrompt = negated,
                            Size = new ImageSize((int)noise.shape[3] * 8, (int)noise.shape[2] * 8),
                            Image = image,
                            Noise = source,
                        }
                )
        )
        {
            Steps = options.GetProperty("steps").GetInt32(),
            Strength = start is null ? null : options.GetProperty("strength").GetDouble(),
            Guidance = options.GetProperty("guidance").GetDouble(),
            ImagePromptScale = golden.HasImagePrompt() ? golden.Number("ip_scale", 1) : null,
            Family = new FluxSettings
            {
                TrueGuidance = isGuided ? golden.Number(golden.IsXFlux() ? "true_gs" : "true_cfg_scale", golden.IsXFlux() ? 3.5 : 1) : 1,
                TrueGuidanceStart = golden.IsXFlux() ? (int)Math.Min(golden.Number("timestep_to_start_cfg", 1e5), int.MaxValue) : 0,
            },
        };
    }

    /// <summary>The device.</summary>
    public DeviceRuntime Runtime => runtime;

    /// <summary>What the last run made.</summary>
    public FluxCaseBackbone Backbone { get; }

    /// <summary>Generates from the case's prompts, and with its image-prompt features where it has some.</summary>
    public IReadOnlyList<RgbImage> Generate() => Backbone.Generate(request);

    /// <summary>One round that starts from a given picture.</summary>
    /// <param name="image">The picture, <c>[H, W, 3]</c>.</param>
    /// <param name="detector">What reads it.</param>
    /// <param name="aligner">What moves its features.</param>
    public RgbImage Align(torch.Tensor image, IMisalignmentDetector detector, IImplicitAligner aligner) =>
        Backbone.Align(detector, aligner, golden.AlignmentOf(request, image));

    /// <summary>The case's aligner.</summary>
    public RecordedAligner LoadAligner()
    {
        var path = golden.PathOption("aligner") ?? Path.Combine(golden.CheckpointPath!, "..", "aligner", "aligner_flux.pth");
        var headWidth = golden.Config.TryGetProperty("aligner", out var config)
            ? config.GetProperty("dim_head").GetInt32()
            : PerceiverConfig.ReleasedHeadWidth;
        return new RecordedAligner(new ImplicitAligner(runtime, path, headWidth));
    }

    /// <summary>What a case has of the last run, with a prefix for each name: pictures, packed latents, and what the autoencoder made of
    /// them.</summary>
    public Dictionary<string, torch.Tensor> Outputs(IReadOnlyList<RgbImage> images, string prefix = "") =>
        new(images.Named(prefix + "image", "_"))
        {
            [prefix + "sigmas"] = torch.tensor(
                Backbone.Schedule!.Levels.Append(Backbone.Schedule.Ends[^1]).Select(static level => (float)level.Noise).ToArray()
            ),
            [prefix + "timesteps"] = torch.tensor(Backbone.Schedule.Levels.Select(static level => 1000 * level.Timestep).ToArray()),
            [prefix + "latents"] = LatentPatches.Pack(Backbone.Latents),
            [prefix + "latents_per_step"] = torch.stack(Backbone.LatentsPerStep.Select(LatentPatches.Pack).ToArray()),
            [prefix + "decoded"] = flux.DecodeLatents(Backbone.Latents),
        };

    public void Dispose()
    {
        flux.Dispose();
        runtime.Dispose();
    }

    private string? Authors(string file) => golden.IsXFlux() ? Path.Combine(golden.CheckpointPath!, file) : null;

    // Absent means the empty text; one text holds for all samples.
    private static IReadOnlyList<string> ForAll(IReadOnlyList<string?> texts, int batch) =>
        [
            .. texts.Count == batch
                ? texts.Select(static text => text ?? "")
                : Enumerable.Repeat(texts.Count == 0 ? "" : texts[0] ?? "", batch),
        ];
}
