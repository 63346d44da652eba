using System.Text.Json;
using ImgAlign.Checkpoints;
using ImgAlign.Networks.Clip;
using ImgAlign.Networks.Llama;
using ImgAlign.Networks.Llava;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>The networks of LLaVA: family <c>mllm</c>.</summary>
internal static class LlavaKinds
{
    public static void Add(GoldenRunner runner) => runner
        .Add("llama-layer", LlamaLayers)
        .Add("clip-vision-wide", WideTower)
        .Add("llava-vision", Vision)
        .Add("llava-hidden", Hidden);

    /// <summary>Some decoder layers and the final norm, without embeddings or head.</summary>
    private static Dictionary<string, torch.Tensor> LlamaLayers(GoldenCase golden, torch.Device device)
    {
        using var weights = golden.OpenWeights();
        using var network = new LlamaModel(LlamaConfig.Parse(golden.ReadConfig(), golden.Folder), torch.META);
        foreach (var (path, part) in network.named_modules().Where(pair => pair.name == "norm" || pair.name.StartsWith("layers.", StringComparison.Ordinal) && pair.name.Count('.') == 1))
            CheckpointBinder.Bind(part, weights, WeightMap.Prefixed(path + "."), torch.float32, device);
        var hidden = network.Run(golden.Inputs["hidden"].to(device));
        return new() { ["hidden"] = SelectPositions(golden, hidden) };
    }

    /// <summary>A tower at full width on an image that needs no resizing.</summary>
    private static Dictionary<string, torch.Tensor> WideTower(GoldenCase golden, torch.Device device)
    {
        using var weights = golden.OpenWeights();
        using var tower = new ClipVisionModel(ClipVisionConfig.FromJson(golden.ReadConfig(), golden.Folder), torch.META, penultimateOnly: true);
        CheckpointBinder.Bind(tower, weights, tower.Names(weights), torch.float32, device);
        var patches = tower.call(Normalise(golden.Inputs["image"])).Penultimate[.., 1..];
        return new() { ["features"] = SelectPositions(golden, patches) };
    }

    private static Dictionary<string, torch.Tensor> Vision(GoldenCase golden, torch.Device device)
    {
        using var network = LoadNetwork(golden, device);
        var pixels = golden.Inputs["pixel_values"];
        var outputs = golden.RunRecording(network, "", () =>
        {
            var features = network.EncodeImages(pixels);
            return new() { ["features"] = features, ["projected"] = network.Project(features) };
        });
        if (!golden.Outputs.Keys.Any(name => name.StartsWith("vision_model.", StringComparison.Ordinal))) return outputs;

        // LLaVA has no use for the tower's last block, but its output is among the intermediates.
        using var checkpoint = Checkpoint.Open(golden.CheckpointPath!);
        using var separate = golden.PathOption("vision_tower") is { } path ? Checkpoint.Open(path) : null;
        using var tower = new ClipVisionModel(network.Config.Vision, torch.META);
        var (source, prefix) = LlavaWeights.FindTower(checkpoint, separate);
        CheckpointBinder.Bind(tower, source, tower.Names(source, prefix), torch.float32, device);
        var steps = golden.RunRecording(tower, "vision_model.", () =>
        {
            tower.call(pixels);
            return [];
        });
        foreach (var (name, value) in steps) outputs.TryAdd(name, value);
        return outputs;
    }

    private static Dictionary<string, torch.Tensor> Hidden(GoldenCase golden, torch.Device device)
    {
        using var network = LoadNetwork(golden, device);
        return golden.RunRecording(network.LanguageModel, "", () =>
        {
            var embeddings = network.Embed(golden.Inputs["input_ids"], golden.Inputs.GetValueOrDefault("pixel_values"));
            return new() { ["inputs_embeds"] = embeddings, ["hidden"] = network.LanguageModel.Model.Run(embeddings) };
        });
    }

    /// <summary>The LLaVA of a case, in float32.</summary>
    internal static LlavaModel LoadNetwork(GoldenCase golden, torch.Device device)
    {
        var (folder, tower) = (golden.CheckpointPath!, golden.PathOption("vision_tower"));
        var network = new LlavaModel(LlavaConfig.Read(folder, tower), torch.META);
        LlavaWeights.Bind(network, folder, tower, torch.float32, device);
        return network;
    }

    private static torch.Tensor SelectPositions(GoldenCase golden, torch.Tensor hidden) =>
        !golden.Options.TryGetProperty("positions", out var positions) ? hidden
        : hidden.index_select(1, torch.tensor(positions.Deserialize<long[]>()!, device: hidden.device));

    private static torch.Tensor Normalise(torch.Tensor image)
    {
        var scaled = (image.to(torch.float64) * (1 / 255.0)).to(torch.float32);  // [H, W, 3]
        var normalised = (scaled - torch.tensor([0.48145466f, 0.4578275f, 0.40821073f])) / torch.tensor([0.26862954f, 0.26130258f, 0.27577711f]);
        return normalised.permute(2, 0, 1).unsqueeze(0);
    }
}
