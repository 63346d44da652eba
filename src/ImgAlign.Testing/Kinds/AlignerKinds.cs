using System.Text.Json;
using ImgAlign.Checkpoints;
using ImgAlign.Networks.Aligner;
using ImgAlign.Networks.Perceiver;
using ImgAlign.Networks.Sdxl;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>Kinds about the networks made of perceiver layers: the Implicit Aligner and the image prompt's resampler.</summary>
internal static class AlignerKinds
{
    public static void Add(GoldenRunner runner) => runner.Add("aligner", Align).Add("identity", Align).Add("ip-resampler", Resample);

    private static Dictionary<string, torch.Tensor> Align(GoldenCase golden, torch.Device device)
    {
        using var checkpoint = golden.OpenWeights();
        var headWidth = golden.Config.TryGetProperty("dim_head", out var own) ? own.GetInt32() : PerceiverConfig.ReleasedHeadWidth;
        using var network = AlignerNetwork.FromShapes(checkpoint, headWidth);
        CheckpointBinder.Bind(network, checkpoint, AlignerNetwork.Names(checkpoint), torch.float32, device);

        // The reference computes keys and values of h and z in one call; here those of h come first, once.
        using var once = new ModuleRecorder(network, golden.Outputs.Keys.Select(PathOf));
        using var context = network.Prepare(Input(golden, "h").to(device));
        var outputs = golden
            .Outputs.Keys.Where(name => once.Recorded.ContainsKey(PathOf(name)))
            .ToDictionary(name => name, name => once.Recorded[PathOf(name)]);

        using var each = new ModuleRecorder(network, golden.Outputs.Keys.Select(PathOf));
        var z = Input(golden, "z").to(device);
        for (var pass = 1; pass <= golden.Options.GetProperty("passes").GetInt32(); pass++)
            outputs[$"z{pass}"] = z = network.Pass(context, z);
        foreach (var name in golden.Outputs.Keys)
        {
            if (each.Recorded.TryGetValue(PathOf(name), out var ofLatents))
                outputs[name] = outputs.TryGetValue(name, out var ofContext) ? torch.cat([ofContext, ofLatents], 1) : ofLatents;
        }
        return outputs;
    }

    private static string PathOf(string output) => output.Replace("latents.", "layers.", StringComparison.Ordinal);

    private static torch.Tensor Input(GoldenCase golden, string name)
    {
        if (golden.Inputs.TryGetValue(name, out var given))
            return given;
        var rule = golden.Options.GetProperty("inputs").GetProperty("in." + name);
        var shape = rule.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64()).ToArray();
        using var values = new RuleCheckpoint(
            rule.GetProperty("seed").GetUInt64(),
            [new("in." + name, [shape.Aggregate((product, size) => product * size)])]
        );
        return values.Read("in." + name).TimesInPlace(rule.GetProperty("multiply").GetDouble()).view(shape);
    }

    private static Dictionary<string, torch.Tensor> Resample(GoldenCase golden, torch.Device device)
    {
        using var checkpoint = golden.OpenWeights();
        using var network = Resampler.FromShapes(checkpoint);
        CheckpointBinder.Bind(network, checkpoint, Resampler.Names(checkpoint), torch.float32, device);
        return golden.RunRecording(network, "", () => new() { ["tokens"] = network.call(golden.Inputs["hidden_states"].to(device)) });
    }
}
