using System.Text.Json;
using ImgAlign.Checkpoints;
using ImgAlign.Networks.Llama;
using ImgAlign.Runtime;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>What the kinds that run a single network have in common.</summary>
internal static class GoldenNetworks
{
    /// <summary>A runtime on a device, in the reference's precision.</summary>
    public static DeviceRuntime RuntimeOn(torch.Device device) =>
        new(new RuntimeOptions { Device = device.type == DeviceType.CPU ? "cpu" : $"cuda:{device.index}", Precision = Precision.Float32 });

    /// <summary>The case's weights: its checkpoint, or those by rule.</summary>
    public static Checkpoint OpenWeights(this GoldenCase golden) => golden.RuleWeights() ?? Checkpoint.Open(golden.CheckpointPath!);

    /// <summary>The network's configuration: the checkpoint folder's <c>config.json</c>, or the case's own.</summary>
    public static JsonElement ReadConfig(this GoldenCase golden)
    {
        var path = golden.CheckpointPath is { } checkpoint ? Path.Combine(checkpoint, "config.json") : null;
        return path is not null && File.Exists(path) ? ConfigFile.ReadJson(path) : golden.Config;
    }

    /// <summary>An option that is one text or a list of texts; empty when it is absent.</summary>
    public static IReadOnlyList<string?> Texts(this JsonElement options, string name)
    {
        if (!options.TryGetProperty(name, out var value))
            return [];
        return value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().Select(text => text.GetString())] : [value.GetString()];
    }

    /// <summary>Runs a network and adds the outputs of all its modules that the reference names by their paths.</summary>
    /// <param name="golden">The case.</param>
    /// <param name="network">The network; what <paramref name="run"/> runs.</param>
    /// <param name="prefix">What the reference's paths have in front of the network's own.</param>
    /// <param name="run">Computes the case's main outputs.</param>
    public static Dictionary<string, torch.Tensor> RunRecording(
        this GoldenCase golden,
        torch.nn.Module network,
        string prefix,
        Func<Dictionary<string, torch.Tensor>> run
    )
    {
        string PathOf(string output) => output.StartsWith(prefix, StringComparison.Ordinal) ? output[prefix.Length..] : output;

        using var recorder = new ModuleRecorder(network, golden.Outputs.Keys.Select(PathOf));
        var outputs = run();
        foreach (var name in golden.Outputs.Keys)
        {
            if (recorder.Recorded.TryGetValue(PathOf(name), out var value))
                outputs.TryAdd(name, value);
        }
        return outputs;
    }

    /// <summary>The answer of a decoder that has read the case's prompt: its tokens, and the logits of the first.</summary>
    /// <param name="golden">The case.</param>
    /// <param name="decoder">The decoder.</param>
    /// <param name="hidden">What it made of the prompt, <c>[1, N, D]</c>.</param>
    /// <param name="cache">What it remembers of the prompt.</param>
    /// <param name="stopTokens">What ends the answer.</param>
    public static Dictionary<string, torch.Tensor> Answer(
        this GoldenCase golden,
        LlamaForCausalLM decoder,
        torch.Tensor hidden,
        KeyValueCache cache,
        IReadOnlySet<int> stopTokens
    )
    {
        var logits = decoder.Logits(hidden[.., ^1]); // [1, V]
        var maxNewTokens = golden.Options.GetProperty("max_new_tokens").GetInt32();
        var ids = GreedySearch.Continue(decoder, hidden, cache, maxNewTokens, answer => stopTokens.Contains(answer[^1]));
        return new() { ["ids"] = torch.tensor(ids.Select(id => (long)id).ToArray()), ["logits"] = logits };
    }
}
