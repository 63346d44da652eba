using System.Text.Json;
using ImgAlign.Backbones;
using ImgAlign.Runtime;
using ImgAlign.Testing.Golden;
using ImgAlign.Tokenizers;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>Prompts in the notation of weights.</summary>
internal static class PromptKinds
{
    public static void Add(GoldenRunner runner) => runner.Add("prompt-parse", Parse).Add("clip-text-weighted", Encode);

    private static Dictionary<string, torch.Tensor> Parse(GoldenCase golden, torch.Device device)
    {
        var counts = golden
            .Options.GetProperty("cases")
            .EnumerateArray()
            .Select(text => (long)RequireFragments(text.GetProperty("text"), text.GetProperty("fragments")).Count);
        return new() { ["fragments"] = torch.tensor(counts.ToArray()) };
    }

    private static Dictionary<string, torch.Tensor> Encode(GoldenCase golden, torch.Device device)
    {
        using var runtime = GoldenNetworks.RuntimeOn(device);
        using var sdxl = new SdxlBackbone(runtime, new SdxlOptions { ModelPath = golden.CheckpointPath!, PromptWeights = true });
        string[] prefixes = golden.Options.TryGetProperty("negative_text", out _) ? ["", "negative_"] : [""];
        var texts = prefixes.Select(prefix => golden.Options.GetProperty(prefix + "text").GetString()!).ToList();
        var features = PooledTextFeatures.Of(sdxl.EncodeText(texts));
        var chunks = features.Tokens.shape[1] / golden.Outputs["input_ids_1"].shape[1];
        var outputs = new Dictionary<string, torch.Tensor>();
        foreach (var (row, prefix) in prefixes.Index())
        {
            RequireFragments(golden.Options.GetProperty(prefix + "text"), golden.Options.GetProperty(prefix + "fragments"));
            outputs[prefix + "embeddings"] = features.Tokens.narrow(0, row, 1);
            outputs[prefix + "pooled"] = features.Pooled.narrow(0, row, 1);
            foreach (var (number, folder) in new[] { (1, "tokenizer"), (2, "tokenizer_2") })
            {
                var tokenizer = ClipTokenizer.Load(Path.Combine(golden.CheckpointPath!, folder));
                var own = PromptChunk.OfNotation(tokenizer, texts[row]);
                var all = own.Concat(Enumerable.Repeat(PromptChunk.Of(tokenizer, ""), (int)chunks - own.Count)).ToList();
                outputs[$"{prefix}input_ids_{number}"] = torch.stack(all.Select(static chunk => torch.tensor(chunk.Ids.ToArray())));
                outputs[$"{prefix}weights_{number}"] = torch.stack(
                    all.Select(static chunk => torch.tensor((chunk.Weights ?? Enumerable.Repeat(1f, chunk.Ids.Count)).ToArray()))
                );
            }
        }
        return outputs;
    }

    // Texts cannot be tensors, so that they are compared here.
    private static IReadOnlyList<PromptFragment> RequireFragments(JsonElement text, JsonElement fragments)
    {
        var actual = PromptNotation.Parse(text.GetString()!);
        var expected = fragments
            .EnumerateArray()
            .Select(static fragment => new PromptFragment(
                fragment[0].GetString()!,
                fragment[1].ValueKind == JsonValueKind.Null ? null : fragment[1].GetDouble()
            ))
            .ToList();
        var isSame =
            actual.Count == expected.Count
            && actual
                .Zip(expected)
                .All(static pair => pair.First.Text == pair.Second.Text && AreEqual(pair.First.Weight, pair.Second.Weight));
        return isSame
            ? actual
            : throw new ImgAlignException(
                $"'{text.GetString()}' has the fragments {string.Join(" ", actual)}, the reference {string.Join(" ", expected)}."
            );
    }

    private static bool AreEqual(double? x, double? y) => x == y || Math.Abs((x - y) ?? double.PositiveInfinity) <= 1e-12;
}
