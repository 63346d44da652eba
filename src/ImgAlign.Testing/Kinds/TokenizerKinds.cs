using System.Text.Json;
using ImgAlign.Detectors;
using ImgAlign.Testing.Golden;
using ImgAlign.Tokenizers;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>Golden family <c>tokenizer</c>: CLIP, LLaMA and Qwen, prompts of LLaVA and Qwen2.5-VL.</summary>
internal static class TokenizerKinds
{
    public static void Add(GoldenRunner runner) =>
        runner
            .Add("tokenize-clip", Clip)
            .Add("tokenize-llama", Llama)
            .Add("tokenize-llava", Llava)
            .Add("tokenize-qwen", Qwen)
            .Add("chat-qwen", QwenChat);

    private static Dictionary<string, torch.Tensor> Clip(GoldenCase golden, torch.Device device)
    {
        var tokenizer = ClipTokenizer.Load(golden.CheckpointPath!, golden.Options.GetProperty("pad_token").GetString());
        var maxLength = golden.Options.GetProperty("max_length").GetInt32();
        var ids = new List<torch.Tensor>();
        var masks = new List<torch.Tensor>();
        foreach (var text in golden.Options.GetProperty("texts").EnumerateArray())
        {
            ids.Add(torch.tensor(tokenizer.Encode(text.GetString()!, maxLength, out var length)));
            masks.Add(TensorMath.Range(maxLength).lt(torch.tensor((long)length)).to(torch.int64));
        }
        return new() { ["ids"] = torch.stack(ids), ["attention_mask"] = torch.stack(masks) };
    }

    private static Dictionary<string, torch.Tensor> Llama(GoldenCase golden, torch.Device device)
    {
        var tokenizer = LlamaTokenizer.Load(golden.CheckpointPath!);
        var addBos = golden.Options.GetProperty("add_bos").GetBoolean();
        var legacy = golden.Options.GetProperty("legacy").GetBoolean();
        return Ragged([
            .. golden.Options.GetProperty("texts").EnumerateArray().Select(text => tokenizer.Encode(text.GetString()!, addBos, legacy)),
        ]);
    }

    private static Dictionary<string, torch.Tensor> Llava(GoldenCase golden, torch.Device device)
    {
        var tokenizer = LlamaTokenizer.Load(golden.CheckpointPath!);
        var sequences = golden
            .Options.GetProperty("prompts")
            .EnumerateArray()
            .Select(prompt => LlavaPrompt.Tokenize(tokenizer, Prompt(prompt)))
            .ToArray();
        var result = Ragged(sequences);
        result["image_positions"] = torch.tensor(sequences.Select(ids => (long)ids.ToList().IndexOf(LlavaPrompt.ImageId)).ToArray());
        return result;
    }

    private static string Prompt(JsonElement prompt)
    {
        var whole = prompt.GetProperty("prompt").GetString()!;
        if (prompt.GetProperty("template").GetString() is not { } template)
            return whole;
        return RequireEqual(
            ConversationTemplate
                .ByName(template)
                .Render(prompt.GetProperty("question").GetString()!, prompt.GetProperty("image").GetBoolean()),
            whole
        );
    }

    private static Dictionary<string, torch.Tensor> Qwen(GoldenCase golden, torch.Device device)
    {
        var tokenizer = QwenTokenizer.Load(golden.CheckpointPath!);
        return Ragged([.. golden.Options.GetProperty("texts").EnumerateArray().Select(text => tokenizer.Encode(text.GetString()!))]);
    }

    private static Dictionary<string, torch.Tensor> QwenChat(GoldenCase golden, torch.Device device)
    {
        var tokenizer = QwenTokenizer.Load(golden.CheckpointPath!);
        return Ragged([.. golden.Options.GetProperty("chats").EnumerateArray().Select(chat => tokenizer.Encode(Chat(chat)))]);
    }

    private static string Chat(JsonElement chat)
    {
        var images = chat.GetProperty("image").GetBoolean() ? 1 : 0;
        var rendered = QwenPrompt.Render(
            chat.GetProperty("question").GetString()!,
            images,
            chat.GetProperty("system").GetString(),
            beginsAnswer: chat.GetProperty("add_generation_prompt").GetBoolean()
        );
        return RequireEqual(rendered, chat.GetProperty("rendered").GetString()!);
    }

    /// <summary>A rendered prompt, which must be the reference's.</summary>
    internal static string RequireEqual(string rendered, string reference) =>
        rendered == reference
            ? rendered
            : throw new ImgAlignException($"the template gives '{rendered}' where the reference gives '{reference}'");

    // Sequences of different lengths: one after the other, and where each begins.
    private static Dictionary<string, torch.Tensor> Ragged(IReadOnlyList<int>[] sequences)
    {
        var offsets = new long[sequences.Length + 1];
        for (var i = 0; i < sequences.Length; i++)
            offsets[i + 1] = offsets[i] + sequences[i].Count;
        return new()
        {
            ["ids"] = torch.tensor(sequences.SelectMany(ids => ids).Select(id => (long)id).ToArray()),
            ["offsets"] = torch.tensor(offsets),
        };
    }
}
