using ImgAlign.Checkpoints;
using ImgAlign.Networks.T5;
using ImgAlign.Testing.Golden;
using ImgAlign.Tokenizers;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>Kinds about T5: its tokenizer and its encoder.</summary>
internal static class T5Kinds
{
    public static void Add(GoldenRunner runner) =>
        runner.Add("tokenize-t5", Tokenize).Add("tokenize-t5-either", TokenizeEither).Add("t5", Encode);

    private static Dictionary<string, torch.Tensor> Tokenize(GoldenCase golden, torch.Device device)
    {
        var tokenizer = T5Tokenizer.Load(golden.CheckpointPath!);
        var maxLength = golden.Options.GetProperty("max_length").GetInt32();
        var ids = new List<torch.Tensor>();
        var masks = new List<torch.Tensor>();
        foreach (var text in golden.Options.Texts("texts"))
        {
            ids.Add(torch.tensor(tokenizer.Encode(text!, maxLength, out var used)));
            masks.Add(TensorMath.Range(maxLength).lt(torch.tensor((long)used)).to(torch.int64));
        }
        return new() { ["ids"] = torch.stack(ids), ["attention_mask"] = torch.stack(masks) };
    }

    // Text by text, what agrees with either reference counts as right for both.
    private static Dictionary<string, torch.Tensor> TokenizeEither(GoldenCase golden, torch.Device device)
    {
        var outputs = Tokenize(golden, device);
        var ids = outputs["ids"];
        var isRight = golden
            .Outputs.Where(pair => pair.Key.StartsWith("ids", StringComparison.Ordinal))
            .Select(pair => ids.eq(pair.Value).all(1, keepdim: true))
            .Aggregate((left, right) => left.logical_or(right)); // [texts, 1]
        foreach (var (name, expected) in golden.Outputs)
        {
            if (name.StartsWith("ids", StringComparison.Ordinal))
                outputs[name] = expected.where(isRight, ids);
        }
        return outputs;
    }

    private static Dictionary<string, torch.Tensor> Encode(GoldenCase golden, torch.Device device)
    {
        var folder = golden.CheckpointPath is { } model ? FluxCases.Part(model, "text_encoder_2") : null;
        var config = folder is null ? T5Config.FromJson(golden.Config, golden.Folder) : T5Config.Read(Path.Combine(folder, "config.json"));
        using var network = new T5EncoderModel(config, torch.META);
        using var checkpoint = golden.RuleWeights() ?? Checkpoint.Open(folder!);
        CheckpointBinder.Bind(network, checkpoint, T5EncoderModel.Names(checkpoint), torch.float32, device);

        var ids = golden.Inputs.TryGetValue("input_ids", out var given) ? given : Tokenize(golden);
        return golden.RunRecording(
            network,
            "",
            () =>
                new()
                {
                    ["input_ids"] = ids,
                    ["last_hidden_state"] = network.call(ids.to(device)),
                    ["position_bias"] = network.PositionBias(ids.shape[1]),
                }
        );
    }

    private static torch.Tensor Tokenize(GoldenCase golden)
    {
        var tokenizer = T5Tokenizer.Load(FluxCases.Part(golden.CheckpointPath!, "tokenizer_2"));
        var maxLength = golden.Options.GetProperty("max_length").GetInt32();
        return torch.stack(golden.Options.Texts("prompts").Select(text => torch.tensor(tokenizer.Encode(text!, maxLength))));
    }
}
