using ImgAlign.Testing.Golden;
using ImgAlign.Tokenizers;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>Golden family <c>tokenizer</c>: CLIP, LLaMA, LLaVA's prompts.</summary>
internal static class TokenizerKinds
{
    public static void Add(GoldenRunner runner) => runner
        .Add("tokenize-clip", Clip);

    private static Dictionary<string, torch.Tensor> Clip(GoldenCase golden, torch.Device device)
    {
        var tokenizer = ClipTokenizer.Load(golden.CheckpointPath!, golden.Options.GetProperty("pad_token").GetString());
        var maxLength = golden.Options.GetProperty("max_length").GetInt32();
        var ids = new List<torch.Tensor>();
        var masks = new List<torch.Tensor>();
        foreach (var text in golden.Options.GetProperty("texts").EnumerateArray())
        {
            ids.Add(torch.tensor(tokenizer.Encode(text.GetString()!, maxLength, out var length)));
            masks.Add(torch.arange(maxLength).lt(length).to(torch.int64));
        }
        return new() { ["ids"] = torch.stack(ids), ["attention_mask"] = torch.stack(masks) };
    }
}
