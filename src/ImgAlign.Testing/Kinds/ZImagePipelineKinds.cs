using System.Text.Json;
using ImgAlign.Backbones;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>Whole generations by Z-Image, from noise and from a picture.</summary>
internal static class ZImagePipelineKinds
{
    public static void Add(GoldenRunner runner) => runner.Add("pipeline-zimage", Generate).Add("pipeline-zimage-img2img", Generate);

    private static Dictionary<string, torch.Tensor> Generate(GoldenCase golden, torch.Device device)
    {
        var options = golden.Options;
        using var runtime = GoldenNetworks.RuntimeOn(device);
        using var model = new ZImageBackbone(
            runtime,
            new ZImageOptions { ModelPath = golden.CheckpointPath!, MaxTextTokens = options.GetProperty("max_sequence_length").GetInt32() }
        );
        var backbone = new RecordedBackbone(model)
        {
            Scheduler = options.TryGetProperty("scheduler", out var entries) ? golden.ReadZImageScheduler(entries) : null,
        };
        var noise = golden.Inputs["noise"].to(device);
        var start = golden.StartPicture();
        var source = start is null ? new GivenNoise(noise) : new GivenNoise(golden.Inputs["posterior_noise"].to(device), noise);
        var prompts = ForAll(options.Texts("prompt"), (int)noise.shape[0]);
        var negatives = ForAll(options.Texts("negative_prompt"), prompts.Count);
        var images = backbone.Generate(
            new GenerationRequest(
                prompts.Zip(
                    negatives,
                    (prompt, negative) =>
                        new GenerationItem(prompt!)
                        {
                            NegativePrompt = negative,
                            Size = new ImageSize((int)noise.shape[3] * 8, (int)noise.shape[2] * 8),
                            Image = start,
                            Noise = source,
                        }
                )
            )
            {
                Steps = options.GetProperty("steps").GetInt32(),
                Strength = start is null ? null : options.GetProperty("strength").GetDouble(),
                Guidance = options.GetProperty("guidance").GetDouble(),
                Family = new ZImageSettings { GuidanceNormLimit = Limit(options), GuidanceEnd = golden.Number("cfg_truncation", 1) },
            }
        );
        var outputs = new Dictionary<string, torch.Tensor>(images.Named("image", "_"))
        {
            ["latents"] = backbone.Latents,
            ["latents_per_step"] = torch.stack([.. backbone.LatentsPerStep]),
            ["decoded"] = model.DecodeLatents(backbone.Latents),
        };
        if (start is not null)
        {
            outputs["image_latents"] = backbone.StartOutputs()["image_latents"];
            outputs["init_latents"] = backbone.FirstSample;
        }
        return outputs;
    }

    // True is the limit 1.
    private static double? Limit(JsonElement options) =>
        !options.TryGetProperty("cfg_normalization", out var limit) ? null
        : limit.ValueKind == JsonValueKind.Number
            ? limit.GetDouble() is > 0 and var number ? number
                : null
        : limit.ValueKind == JsonValueKind.True ? 1
        : null;

    // Each prompt for as many pictures; absent means the empty text.
    private static List<string?> ForAll(IReadOnlyList<string?> texts, int batch) =>
        texts.Count == 0
            ? [.. Enumerable.Repeat<string?>(null, batch)]
            : [.. texts.SelectMany(text => Enumerable.Repeat(text, batch / texts.Count))];
}
