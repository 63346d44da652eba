using ImgAlign.Checkpoints;
using ImgAlign.Networks.Llama;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>LLaMA and LLaVA: family <c>mllm</c>.</summary>
internal static class LlavaKinds
{
    public static void Add(GoldenRunner runner) => runner
        .Add("llama-layer", LlamaLayers);

    /// <summary>Some decoder layers and the final norm, without embeddings or head.</summary>
    private static Dictionary<string, torch.Tensor> LlamaLayers(GoldenCase golden, torch.Device device)
    {
        using var weights = golden.RuleWeights() ?? Checkpoint.Open(golden.CheckpointPath!);
        using var network = new LlamaModel(LlamaConfig.Parse(golden.Config, golden.Folder), torch.META);
        foreach (var (path, part) in network.named_modules().Where(pair => pair.name.StartsWith("layers.", StringComparison.Ordinal) && pair.name.Count('.') == 1 || pair.name == "norm"))
            CheckpointBinder.Bind(part, weights, WeightMap.Prefixed(path + "."), device: device);
        var hidden = network.Run(golden.Inputs["hidden"].to(device));
        if (golden.Options.TryGetProperty("positions", out var positions))
            hidden = hidden.index_select(1, torch.tensor(positions.EnumerateArray().Select(position => position.GetInt64()).ToArray(), device: device));
        return new() { ["hidden"] = hidden };
    }
}
