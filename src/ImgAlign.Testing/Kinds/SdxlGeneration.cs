using System.Text.Json;
using ImgAlign.Backbones;
using ImgAlign.Runtime;
using ImgAlign.Sampling;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>The generations of one case with SDXL: the same prompts, noise and settings, without and with an image prompt.</summary>
internal sealed class SdxlGeneration : IDisposable
{
    private readonly ImageSize size;
    private readonly double guidance;
    private readonly int batch;
    private readonly SigmaSchedule schedule;
    private readonly TextFeatures text;
    private readonly torch.Tensor noise;

    public SdxlGeneration(GoldenCase golden, torch.Device device)
    {
        var options = golden.Options;
        Runtime = new DeviceRuntime(new RuntimeOptions { Precision = Precision.Float32 }, device);
        Backbone = new SdxlBackbone(Runtime, new SdxlOptions
        {
            ModelPath = golden.CheckpointPath!,
            ConfigPath = golden.PathOption("config"),
            UNetPath = golden.PathOption("unet"),
            ImagePromptPath = golden.PathOption("ckpts"),
        });
        size = new ImageSize(options.GetProperty("width").GetInt32(), options.GetProperty("height").GetInt32());
        guidance = options.GetProperty("guidance").GetDouble();
        schedule = Backbone.CreateSchedule(options.GetProperty("steps").GetInt32(), size);

        var prompts = options.Texts("prompt");
        batch = prompts.Count;
        text = Backbone.EncodeText(guidance > 1 ? [.. Negatives(options), .. prompts] : prompts);
        noise = Backbone.CreateNoise(size, options.GetProperty("seed").GetInt64(), batch);
    }

    public DeviceRuntime Runtime { get; }

    public SdxlBackbone Backbone { get; }

    /// <summary>The final latents <c>[B, 4, h, w]</c>.</summary>
    public torch.Tensor Generate(torch.Tensor? imagePrompt = null, torch.Tensor? noImage = null, double scale = 0)
    {
        var isGuided = guidance > 1;
        var both = imagePrompt is not null && isGuided ? torch.cat([noImage!.expand(batch, -1, -1), imagePrompt.expand(batch, -1, -1)]) : imagePrompt?.expand(batch, -1, -1);
        var conditioning = Backbone.Condition(text, both, scale, size);
        using var rule = isGuided
            ? new Guidance(Backbone, guidance, startStep: 0) { Both = conditioning }
            : new Guidance(Backbone, guidance, startStep: int.MaxValue) { Prompts = conditioning };
        return DenoisingLoop.Run(schedule, noise, rule.Derivative);
    }

    /// <summary>The pictures of latents as outputs <c>name</c>, or <c>name.0</c>, <c>name.1</c>, ... where there are several.</summary>
    public IEnumerable<KeyValuePair<string, torch.Tensor>> Decode(string name, torch.Tensor latents)
    {
        var images = Backbone.Decode(latents);
        return images.Select((image, i) => KeyValuePair.Create(images.Count == 1 ? name : $"{name}.{i}", ImagingKinds.ToTensor(image)));
    }

    public void Dispose()
    {
        text.Dispose();
        noise.Dispose();
        Backbone.Dispose();
        Runtime.Dispose();
    }

    // Absent is not the empty text; one text holds for all prompts.
    private IEnumerable<string?> Negatives(JsonElement options) => options.Texts("negative_prompt") switch
    {
        [] => Enumerable.Repeat<string?>(null, batch),
        [var one] => Enumerable.Repeat(one, batch),
        var all => all,
    };
}
