using System.Text.Json;
using ImgAlign.Checkpoints;
using ImgAlign.Detectors;
using ImgAlign.Imaging;
using ImgAlign.Networks.Clip;
using ImgAlign.Networks.Llama;
using ImgAlign.Networks.Llava;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>The networks of LLaVA: family <c>mllm</c>.</summary>
internal static class LlavaKinds
{
    public static void Add(GoldenRunner runner) =>
        runner
            .Add("llama-layer", LlamaLayers)
            .Add("clip-vision-wide", WideTower)
            .Add("llava-vision", Vision)
            .Add("llava-hidden", Hidden)
            .Add("llava-prompt", Prompt)
            .Add("llava-generate", Generate);

    /// <summary>Some decoder layers and the final norm, without embeddings or head.</summary>
    private static Dictionary<string, torch.Tensor> LlamaLayers(GoldenCase golden, torch.Device device)
    {
        using var network = LoadLayers(golden, LlamaConfig.FromJson(golden.ReadConfig(), golden.Folder), device);
        var hidden = network.Run(golden.Inputs["hidden"].to(device));
        return new() { ["hidden"] = SelectPositions(golden, hidden) };
    }

    /// <summary>A decoder with its layers and final norm, the embeddings left out.</summary>
    internal static LlamaModel LoadLayers(GoldenCase golden, LlamaConfig config, torch.Device device)
    {
        using var weights = golden.OpenWeights();
        var network = new LlamaModel(config, torch.META);
        foreach (
            var (path, part) in network
                .named_modules()
                .Where(pair =>
                    pair.name == "norm" || pair.name.StartsWith("layers.", StringComparison.Ordinal) && pair.name.Count('.') == 1
                )
        )
            CheckpointBinder.Bind(part, weights, WeightMap.Prefixed(path + "."), torch.float32, device);
        return network;
    }

    /// <summary>A tower at full width on an image that needs no resizing.</summary>
    private static Dictionary<string, torch.Tensor> WideTower(GoldenCase golden, torch.Device device)
    {
        using var weights = golden.OpenWeights();
        using var tower = new ClipVisionModel(
            ClipVisionConfig.FromJson(golden.ReadConfig(), golden.Folder),
            torch.META,
            penultimateOnly: true
        );
        CheckpointBinder.Bind(tower, weights, tower.Names(weights), torch.float32, device);
        var pixels = ClipImageProcessor
            .ForSize((int)golden.Inputs["image"].shape[0])
            .Preprocess(ImagingKinds.ToImage(golden.Inputs["image"]));
        var patches = tower.call(pixels.to(device)).Penultimate[.., 1..];
        return new() { ["features"] = SelectPositions(golden, patches) };
    }

    private static Dictionary<string, torch.Tensor> Vision(GoldenCase golden, torch.Device device)
    {
        using var network = LoadNetwork(golden, device);
        var pixels = golden.Inputs["pixel_values"].to(device);
        var outputs = golden.RunRecording(
            network,
            "",
            () =>
            {
                var features = network.EncodeImages(pixels);
                return new() { ["features"] = features, ["projected"] = network.Project(features) };
            }
        );
        if (!golden.Outputs.Keys.Any(name => name.StartsWith("vision_model.", StringComparison.Ordinal)))
            return outputs;

        // LLaVA has no use for the tower's last block, but its output is among the intermediates.
        using var checkpoint = Checkpoint.Open(golden.CheckpointPath!);
        using var separate = golden.PathOption("vision_tower") is { } path ? Checkpoint.Open(path) : null;
        using var tower = new ClipVisionModel(network.Config.Vision, torch.META);
        var (source, prefix) = LlavaWeights.FindTower(checkpoint, separate);
        CheckpointBinder.Bind(tower, source, tower.Names(source, prefix), torch.float32, device);
        var steps = golden.RunRecording(
            tower,
            "vision_model.",
            () =>
            {
                tower.call(pixels);
                return [];
            }
        );
        foreach (var (name, value) in steps)
            outputs.TryAdd(name, value);
        return outputs;
    }

    private static Dictionary<string, torch.Tensor> Hidden(GoldenCase golden, torch.Device device)
    {
        using var network = LoadNetwork(golden, device);
        return golden.RunRecording(
            network.LanguageModel,
            "",
            () =>
            {
                var embeddings = network.Embed(golden.Inputs["input_ids"], golden.Inputs.GetValueOrDefault("pixel_values")?.to(device));
                return new() { ["inputs_embeds"] = embeddings, ["hidden"] = network.LanguageModel.Model.Run(embeddings) };
            }
        );
    }

    private static Dictionary<string, torch.Tensor> Prompt(GoldenCase golden, torch.Device device)
    {
        using var network = LoadNetwork(golden, device);
        var input = Prepare(golden, network.Config, device);
        return new() { ["input_ids"] = input.Ids, ["hidden"] = network.call(input.Ids, input.Pixels) };
    }

    private static Dictionary<string, torch.Tensor> Generate(GoldenCase golden, torch.Device device)
    {
        using var network = LoadNetwork(golden, device);
        var input = Prepare(golden, network.Config, device);
        var prompt = network.Embed(input.Ids, input.Pixels);
        using var cache = new KeyValueCache(network.Config.Text.NumHiddenLayers);
        var hidden = network.LanguageModel.Model.Run(prompt, cache);
        return golden.Answer(network.LanguageModel, hidden, cache, network.Config.StopTokens);
    }

    private static LlavaInput Prepare(GoldenCase golden, LlavaConfig config, torch.Device device)
    {
        var image = golden.PathOption("image") is { } path ? ImageFile.Load(path) : null;
        var options = ReadOptions(golden, golden.CheckpointPath!);
        var processor = new LlavaProcessor(config, options.ModelPath, options.VisionTowerPath, options.Template, options.ImageAspectRatio);
        return processor.Prepare(image, golden.Options.GetProperty("question").GetString()!, device);
    }

    /// <summary>How a case asks LLaVA.</summary>
    internal static LlavaOptions ReadOptions(GoldenCase golden, string model) =>
        new()
        {
            ModelPath = model,
            VisionTowerPath = golden.PathOption("vision_tower"),
            Template = golden.Options.GetProperty("template").GetString()!,
            ImageAspectRatio = golden.Options.GetProperty("image_aspect_ratio").GetString(),
        };

    /// <summary>The LLaVA of a case, in float32.</summary>
    internal static LlavaModel LoadNetwork(GoldenCase golden, torch.Device device)
    {
        var (folder, tower) = (golden.CheckpointPath!, golden.PathOption("vision_tower"));
        var network = new LlavaModel(LlavaConfig.Read(folder, tower), torch.META);
        LlavaWeights.Bind(network, folder, tower, torch.float32, device);
        return network;
    }

    /// <summary>The positions that a case holds.</summary>
    internal static torch.Tensor SelectPositions(GoldenCase golden, torch.Tensor hidden) =>
        !golden.Options.TryGetProperty("positions", out var positions)
            ? hidden
            : hidden.index_select(1, torch.tensor(positions.Deserialize<long[]>()!, device: hidden.device));
}
