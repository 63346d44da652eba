using System.Text.Json;
using System.Text.Json.Nodes;
using ImgAlign.Checkpoints;
using ImgAlign.Networks.Sdxl;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Tests.Networks.Sdxl;

/// <summary>A small UNet of SDXL's layout with weights by rule.</summary>
internal static class TinyUNet
{
    private const string BaseConfig = """
        {
          "addition_embed_type": "text_time", "addition_time_embed_dim": 4, "attention_head_dim": [1, 2, 2],
          "block_out_channels": [8, 16, 16],
          "cross_attention_dim": 12, "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
          "layers_per_block": 1,
          "norm_num_groups": 4, "projection_class_embeddings_input_dim": 32, "transformer_layers_per_block": [1, 1, 2],
          "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
          "upcast_attention": null, "use_linear_projection": true
        }
        """;

    /// <summary>The configuration with some fields changed, each as <c>"name": value</c>.</summary>
    public static SdxlUNetConfig Config(params string[] changes)
    {
        var json = JsonNode.Parse(BaseConfig)!.AsObject();
        foreach (var (name, value) in changes.SelectMany(change => JsonNode.Parse($"{{{change}}}")!.AsObject()).ToList())
            json[name] = value?.DeepClone();
        return SdxlUNetConfig.FromJson(JsonSerializer.SerializeToElement(json), "config.json");
    }

    public static UNet2DConditionModel Create(SdxlUNetConfig config)
    {
        var network = new UNet2DConditionModel(config, torch.META);
        Fill(network, WeightMap.Identity, "");
        return network;
    }

    public static ImagePromptAdapter CreateAdapter(SdxlUNetConfig config)
    {
        var adapter = new ImagePromptAdapter(config, torch.META);
        Fill(adapter, ImagePromptAdapter.Weights, "ip_adapter.");
        return adapter;
    }

    private static void Fill(torch.nn.Module network, WeightMap map, string prefix)
    {
        using var weights = new RuleCheckpoint(
            3,
            network.named_parameters().Select(pair => KeyValuePair.Create(prefix + pair.name, pair.parameter.shape))
        );
        CheckpointBinder.Bind(network, weights, map);
    }
}
