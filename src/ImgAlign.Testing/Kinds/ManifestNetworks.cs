using System.Text.Json;
using ImgAlign.Backbones;
using ImgAlign.Checkpoints;
using ImgAlign.Networks.Aesthetic;
using ImgAlign.Networks.Aligner;
using ImgAlign.Networks.Clip;
using ImgAlign.Networks.Flux;
using ImgAlign.Networks.Llava;
using ImgAlign.Networks.Perceiver;
using ImgAlign.Networks.Qwen;
using ImgAlign.Networks.Sdxl;
using ImgAlign.Networks.T5;
using ImgAlign.Networks.Vae;
using ImgAlign.Testing.Golden;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Testing.Kinds;

/// <summary>A network without weights, and where and under which names it would find them.</summary>
internal sealed record ManifestPart(nn.Module Network, Checkpoint Weights, WeightMap Map);

/// <summary>Builds the networks of a published checkpoint on the meta device, chosen by what its configuration says.</summary>
internal static class ManifestNetworks
{
    public static IReadOnlyList<ManifestPart> Create(JsonElement config, Checkpoint weights) =>
        ClassOf(config) switch
        {
            "UNet2DConditionModel" =>
            [
                new(new UNet2DConditionModel(SdxlUNetConfig.FromJson(config, weights.Source), META), weights, WeightMap.Identity),
            ],
            "AutoencoderKL" => [CreateAutoencoder(config, weights)],
            "CLIPTextModel" or "CLIPTextModelWithProjection" => [CreateText(config, weights)],
            "CLIPVisionModel" or "CLIPVisionModelWithProjection" =>
            [
                CreateVision(ClipVisionConfig.FromJson(config, weights.Source), weights, ""),
            ],
            "CLIPModel" => [CreateText(config, weights), CreateVision(ClipVisionConfig.FromJson(config, weights.Source), weights, "")],
            "T5EncoderModel" =>
            [
                new(new T5EncoderModel(T5Config.FromJson(config, weights.Source), META), weights, T5EncoderModel.Names(weights)),
            ],
            "FluxTransformer2DModel" => [CreateFlux(config, weights)],
            "LlavaForConditionalGeneration" or "LlavaLlamaForCausalLM" => CreateLlava(config, weights),
            "Qwen2_5_VLForConditionalGeneration" => [CreateQwen(config, weights)],
            null when FluxNames.IsAuthors(weights) => [CreateFlux(config, weights)],
            null when config.TryGetProperty("ch_mult", out _) => [CreateAutoencoder(config, weights)],
            null when config.TryGetProperty("vision_cfg", out _) => CreateOpenClip(config, weights),
            null when config.TryGetProperty("input_size", out _) => [CreateAesthetic(weights)],
            null when config.TryGetProperty("clip_embeddings_dim", out _) => CreateFluxAdapter(config, weights),
            null when config.TryGetProperty("dim_head", out _) => [CreatePerceiver(config, weights)],
            null when weights.Tensors.Keys.Any(name => name.StartsWith("ip_adapter.", StringComparison.Ordinal)) => CreateAdapter(weights),
            var other => throw new ImgAlignException(
                $"no network of this version is built from the configuration of {other ?? "an unnamed class"}."
            ),
        };

    private static string? ClassOf(JsonElement config)
    {
        if (config.TryGetProperty("_class_name", out var name))
            return name.GetString();
        return config.TryGetProperty("architectures", out var names) ? names[0].GetString() : null;
    }

    private static ManifestPart CreateAutoencoder(JsonElement config, Checkpoint weights)
    {
        var network = new AutoencoderKl(AutoencoderKlConfig.FromJson(config, weights.Source), META);
        return new(network, weights, network.Names(weights));
    }

    private static ManifestPart CreateText(JsonElement config, Checkpoint weights)
    {
        var network = new ClipTextModel(ClipTextConfig.FromJson(config, weights.Source), META);
        return new(network, weights, network.Names(weights));
    }

    private static ManifestPart CreateVision(ClipVisionConfig config, Checkpoint weights, string prefix)
    {
        var network = new ClipVisionModel(config, META);
        return new(network, weights, network.Names(weights, prefix));
    }

    private static ManifestPart[] CreateOpenClip(JsonElement json, Checkpoint weights)
    {
        var config = OpenClipConfig.FromJson(json, weights.Source);
        var text = OpenClipNames.FindText(weights);
        return
        [
            new(new ClipVisionModel(config.ToVision(), META), OpenClipNames.FindVision(weights), OpenClipNames.Vision),
            new(new ClipTextModel(config.ToText(), META), text, OpenClipNames.Text(text)),
        ];
    }

    private static ManifestPart CreateAesthetic(Checkpoint weights)
    {
        var part = AestheticNetwork.Find(weights);
        return new(new AestheticNetwork(AestheticNetwork.ReadWidths(part), META), part, AestheticNetwork.Names(part));
    }

    // The authors' checkpoint lacks the vision tower: its place is taken by the names that the network itself has.
    private static List<ManifestPart> CreateLlava(JsonElement json, Checkpoint weights)
    {
        var config = LlavaConfig.FromJson(json, weights.Source);
        var network = new LlavaModel(config, META);
        var tower = new RuleCheckpoint(
            seed: 0,
            ModuleParameters.Enumerate(network.VisionTower).Select(parameter => KeyValuePair.Create(parameter.Path, parameter.Value.shape))
        );
        var parts = LlavaWeights.Parts(network, weights, tower).Select(part => new ManifestPart(part.Part, part.Source, part.Map)).ToList();
        var (source, prefix) = LlavaWeights.FindTower(weights, tower);
        // The network ends early, the published tower does not.
        return source == weights ? [.. parts, CreateVision(config.Vision, weights, prefix)] : parts;
    }

    private static ManifestPart CreateQwen(JsonElement json, Checkpoint weights)
    {
        var config = QwenConfig.FromJson(json, weights.Source);
        return new(new QwenModel(config, META), weights, QwenWeights.Names(weights, config));
    }

    private static ManifestPart CreatePerceiver(JsonElement json, Checkpoint weights)
    {
        var sizes = json.EnumerateObject().ToDictionary(pair => pair.Name, pair => pair.Value.GetInt64());
        var config = new PerceiverConfig(
            sizes["embedding_dim"],
            sizes["dim"],
            sizes["output_dim"],
            (int)sizes["depth"],
            sizes["heads"],
            sizes["dim_head"],
            sizes["dim"] * sizes["ff_mult"]
        );
        return weights.Tensors.ContainsKey("latents")
            ? new(new Resampler(config, (int)sizes["num_queries"], META), weights, Resampler.Names(weights))
            : new(new AlignerNetwork(config, META), weights, AlignerNetwork.Names(weights));
    }

    private static ManifestPart[] CreateAdapter(Checkpoint weights) =>
        [
            new(Resampler.FromShapes(weights), weights, Resampler.Names(weights)),
            new(new ImagePromptAdapter(SdxlBase.UNet, META), weights, ImagePromptAdapter.Weights),
        ];

    private static ManifestPart CreateFlux(JsonElement config, Checkpoint weights)
    {
        var network = new FluxTransformer(FluxConfig.FromJson(config, weights.Source), META);
        return new(network, weights, network.Names(weights));
    }

    private static ManifestPart[] CreateFluxAdapter(JsonElement json, Checkpoint weights)
    {
        var transformer = new FluxConfig
        {
            NumLayers = json.GetProperty("layers").GetInt32(),
            NumAttentionHeads = json.GetProperty("hidden_dim").GetInt32() / new FluxConfig().AttentionHeadDim,
        };
        var projection = FluxImageProjection.FromShapes(weights);
        return
        [
            new(projection, weights, FluxImageProjection.Weights),
            new(new FluxImagePromptAdapter(transformer, projection.Width, META), weights, FluxImagePromptAdapter.Weights),
        ];
    }
}
