using System.Text.Json;
using ImgAlign.Backbones;
using ImgAlign.Imaging;
using ImgAlign.Networks.Flux;
using ImgAlign.Runtime;
using ImgAlign.Sampling;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>The generations of one case with FLUX: the same prompts, noise and settings, without and with an image prompt.</summary>
internal sealed class FluxGeneration : IDisposable
{
    private readonly GoldenCase golden;
    private readonly ImageSize size;
    private readonly torch.Tensor noise;
    private readonly SigmaSchedule schedule;
    private readonly TextFeatures prompts;
    private readonly TextFeatures? both;
    private readonly double guidance;
    private readonly int guidanceStart;

    public FluxGeneration(GoldenCase golden, torch.Device device)
    {
        this.golden = golden;
        var options = golden.Options;
        Runtime = new DeviceRuntime(new RuntimeOptions { Precision = Precision.Float32 }, device);
        Backbone = new FluxBackbone(Runtime, new FluxOptions
        {
            ModelPath = golden.CheckpointPath!,
            TransformerPath = Authors("flux1-dev.safetensors"),
            AutoencoderPath = Authors("ae.safetensors"),
            ImagePromptPath = Directory.Exists(golden.ImagePromptFolder()) ? golden.ImagePromptFolder() : null,
            ScheduleTokens = golden.IsXFlux() ? FlowTokenCount.Released : FlowTokenCount.Standard,
            Rounding = golden.IsXFlux() ? PixelRounding.Down : PixelRounding.Nearest,
            DistilledGuidance = options.GetProperty("guidance").GetDouble(),
            MaxTextTokens = Number("max_sequence_length", 512),
        });
        noise = golden.Inputs["noise"].to(device);
        size = new ImageSize((int)noise.shape[3] * 8, (int)noise.shape[2] * 8);  // the case's own may be no multiple of 16
        schedule = Backbone.CreateSchedule(Number("steps", 0), new ImageSize(Number("width", size.Width), Number("height", size.Height)));

        var batch = (int)noise.shape[0];
        var texts = ForAll(options.Texts("prompt"), batch);
        prompts = Backbone.EncodeText(texts);
        var isGuided = golden.IsXFlux() || (Value("true_cfg_scale", 1) > 1 && options.TryGetProperty("negative_prompt", out var given) && given.ValueKind != JsonValueKind.Null);
        if (isGuided) both = Backbone.EncodeText([.. ForAll(options.Texts("negative_prompt"), batch), .. texts]);
        guidance = golden.IsXFlux() ? Value("true_gs", 3.5) : Value("true_cfg_scale", 1);
        guidanceStart = !isGuided ? int.MaxValue : golden.IsXFlux() ? (int)Math.Min(Value("timestep_to_start_cfg", 1e5), int.MaxValue) : 0;
    }

    public DeviceRuntime Runtime { get; }

    public FluxBackbone Backbone { get; }

    /// <summary>The latents after each step, <c>[steps, B, 16, h, w]</c>.</summary>
    public torch.Tensor Generate(torch.Tensor? imagePrompt = null, torch.Tensor? noImage = null)
    {
        var batch = prompts.Batch;
        var scale = imagePrompt is null ? 0 : Value("ip_scale", 1);
        var noImageScale = noImage is null ? 0 : Value("neg_ip_scale", 1);
        using var rule = new Guidance(Backbone, guidance, guidanceStart)
        {
            Prompts = Backbone.Condition(prompts, imagePrompt?.expand(batch, -1, -1), [.. Enumerable.Repeat(scale, batch)], size),
            Both = both is null ? null : Backbone.Condition(both,
                imagePrompt is null ? null : torch.cat([(noImage ?? imagePrompt).expand(batch, -1, -1), imagePrompt.expand(batch, -1, -1)]),
                [.. Enumerable.Repeat(noImageScale, batch), .. Enumerable.Repeat(scale, batch)], size),
        };
        var latents = torch.empty([schedule.Steps.Count, .. noise.shape], device: noise.device);
        var final = DenoisingLoop.Run(schedule, noise, (x, step) =>
        {
            if (step.Index > 0) latents[step.Index - 1].copy_(x);
            return rule.Derivative(x, step);
        });
        latents[^1].copy_(final);
        return latents;
    }

    /// <summary>What a case has of latents, with a prefix for each name: packed, decoded, and as pictures.</summary>
    public Dictionary<string, torch.Tensor> Describe(torch.Tensor perStep, string prefix = "")
    {
        var images = Backbone.Decode(perStep[^1]);
        var outputs = images.Select((image, i) => KeyValuePair.Create(images.Count == 1 ? prefix + "image" : $"{prefix}image_{i}", ImagingKinds.ToTensor(image))).ToDictionary();
        outputs[prefix + "latents"] = LatentPatches.Pack(perStep[^1]);
        outputs[prefix + "latents_per_step"] = torch.stack(Enumerable.Range(0, (int)perStep.shape[0]).Select(step => LatentPatches.Pack(perStep[step])).ToArray());
        outputs[prefix + "decoded"] = Backbone.DecodeLatents(perStep[^1]);
        return outputs;
    }

    public void Dispose()
    {
        prompts.Dispose();
        both?.Dispose();
        Backbone.Dispose();
        Runtime.Dispose();
    }

    private string? Authors(string file) => golden.IsXFlux() ? Path.Combine(golden.CheckpointPath!, file) : null;

    private double Value(string name, double standard) => golden.Options.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : standard;

    private int Number(string name, int standard) => (int)Value(name, standard);

    // Absent means the empty text; one text holds for all samples.
    private static IReadOnlyList<string?> ForAll(IReadOnlyList<string?> texts, int batch) => texts.Count == batch ? texts : [.. Enumerable.Repeat(texts.Count == 0 ? "" : texts[0], batch)];
}
