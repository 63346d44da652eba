using ImgAlign.Checkpoints;
using ImgAlign.Imaging;
using ImgAlign.Networks.Qwen;
using ImgAlign.Networks.Qwen3Vl;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>Qwen3-VL: family <c>qwen3vl</c>.</summary>
internal static class Qwen3VlKinds
{
    public static void Add(GoldenRunner runner) =>
        runner
            .Add("qwen3vl-smart-resize", static (golden, _) => QwenKinds.SmartResize(golden, new QwenImageProcessor { PatchSize = 16 }))
            .Add("qwen3vl-image", QwenKinds.Image)
            .Add("qwen3vl-vision", Vision)
            .Add("qwen3vl-vision-wide", WideTower)
            .Add("qwen3vl-rope", static (golden, _) => QwenKinds.Positions(golden, Qwen3VlConfig.Read(golden.CheckpointPath!)))
            .Add("qwen3vl-layer", Layers)
            .Add("qwen3vl-hidden", Hidden)
            .Add("qwen3vl-prompt", Prompt)
            .Add("qwen3vl-generate", Generate);

    /// <summary>The Qwen3-VL of a case, in float32.</summary>
    public static Qwen3VlModel LoadNetwork(GoldenCase golden, torch.Device device)
    {
        var network = new Qwen3VlModel(Qwen3VlConfig.Read(golden.CheckpointPath!), torch.META);
        Qwen3VlWeights.Bind(network, golden.CheckpointPath!, torch.float32, device);
        return network;
    }

    private static Dictionary<string, torch.Tensor> Vision(GoldenCase golden, torch.Device device)
    {
        using var network = LoadNetwork(golden, device);
        var patches = QwenKinds.Patches(golden, device)!;
        var layout = PatchLayout.Create(patches.Grids, network.Config.Vision);
        return golden.RunRecording(
            network.Visual,
            "visual.",
            () =>
            {
                var outputs = ToOutputs(network.Visual.call(patches));
                outputs["pos_embeds"] = network.Visual.EmbedPositions(patches.Grids);
                outputs["patch_positions"] = torch.tensor([.. layout.Rows, .. layout.Columns], [2, layout.Rows.Count]).t();
                return outputs;
            }
        );
    }

    private static Dictionary<string, torch.Tensor> WideTower(GoldenCase golden, torch.Device device)
    {
        using var weights = golden.OpenWeights();
        var config = Qwen3VlConfig.ParseVision(golden.ReadConfig(), golden.Folder);
        using var tower = new Qwen3VlVisionModel(config, torch.META);
        CheckpointBinder.Bind(tower, weights, Qwen3VlWeights.TowerNames(config), torch.float32, device);
        return ToOutputs(tower.call(QwenKinds.Patches(golden, device)!));
    }

    private static Dictionary<string, torch.Tensor> ToOutputs(Qwen3VlFeatures features)
    {
        var outputs = new Dictionary<string, torch.Tensor> { ["features"] = features.Cells };
        foreach (var (index, added) in features.Deepstack.Index())
            outputs[$"deepstack.{index}"] = added;
        return outputs;
    }

    private static Dictionary<string, torch.Tensor> Layers(GoldenCase golden, torch.Device device)
    {
        using var network = LlavaKinds.LoadLayers(golden, Qwen3VlConfig.ParseText(golden.ReadConfig(), golden.Folder), device);
        var hidden = network.Run(golden.Inputs["hidden"].to(device), positions: golden.Inputs["position_ids"].to(device));
        return new() { ["hidden"] = LlavaKinds.SelectPositions(golden, hidden) };
    }

    private static Dictionary<string, torch.Tensor> Hidden(GoldenCase golden, torch.Device device)
    {
        using var network = LoadNetwork(golden, device);
        var patches = QwenKinds.Patches(golden, device);
        var tokens = QwenTokens.Read(golden.Inputs["input_ids"], patches?.Grids ?? [], network.Config);
        var features = patches is null ? null : network.Visual.call(patches);
        var outputs = golden.RunRecording(
            network.LanguageModel,
            "",
            () =>
                new()
                {
                    ["inputs_embeds"] = tokens.Embed(network.LanguageModel.Model, features?.Cells),
                    ["hidden"] = network.Run(tokens, features),
                }
        );
        // What a layer returned, and what was added to it behind it, is what the next one takes.
        var places = torch.tensor(tokens.ImagePositions, device: device);
        foreach (var name in golden.Outputs.Keys.Where(static name => name.EndsWith(".input", StringComparison.Ordinal)))
        {
            var layer = int.Parse(name.Split('.')[2], System.Globalization.CultureInfo.InvariantCulture) - 1;
            var rows = outputs[$"model.layers.{layer}"].flatten(0, 1);
            var added = rows.index_select(0, places).Plus(features!.Deepstack[layer]);
            outputs[name] = rows.index_copy(0, places, added).unsqueeze(0);
        }
        return outputs;
    }

    private static Dictionary<string, torch.Tensor> Prompt(GoldenCase golden, torch.Device device)
    {
        using var network = LoadNetwork(golden, device);
        return QwenKinds.Prompt(golden, device, network, network.Config, addsSystem: false);
    }

    private static Dictionary<string, torch.Tensor> Generate(GoldenCase golden, torch.Device device)
    {
        using var network = LoadNetwork(golden, device);
        return QwenKinds.Generate(golden, device, network, network.Config, addsSystem: false);
    }
}
