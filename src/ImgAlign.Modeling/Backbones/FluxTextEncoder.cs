using ImgAlign.Checkpoints;
using ImgAlign.Networks.Clip;
using ImgAlign.Networks.T5;
using ImgAlign.Runtime;
using ImgAlign.Tokenizers;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Backbones;

/// <summary>FLUX's two text encoders: the features of each token are T5's, the pooled ones CLIP's.</summary>
internal sealed class FluxTextEncoder : IDisposable
{
    private readonly DeviceRuntime runtime;
    private readonly ClipTokenizer clipTokenizer;
    private readonly T5Tokenizer t5Tokenizer;
    private readonly ModelSlot<ClipTextModel> clip;
    private readonly ModelSlot<T5EncoderModel> t5;
    private readonly int textTokens;

    public FluxTextEncoder(DeviceRuntime runtime, FluxTextParts parts, int textTokens, WeightStorage storage)
    {
        (this.runtime, this.textTokens) = (runtime, textTokens);
        (clipTokenizer, t5Tokenizer) = (parts.ClipTokenizer, parts.T5Tokenizer);
        clip = new(runtime, parts.Clip, storage: storage);
        // Its activations overflow in float16.
        t5 = new(runtime, parts.T5, runtime.Type == float16 ? bfloat16 : null, storage);
    }

    /// <summary>The stages, which run one after the other.</summary>
    public IEnumerable<StageFootprint> EstimateStages(int batch) =>
        [clip.Footprint(16L * 1024 * 1024 * batch), t5.Footprint(512L * 1024 * textTokens * batch)];

    /// <summary>What the encoders do not read of a prompt.</summary>
    public IReadOnlyList<UnreadText> FindUnread(string prompt)
    {
        var unread = new List<UnreadText>();
        if (t5Tokenizer.FindUnread(prompt, textTokens) is { } ofT5)
            unread.Add(new UnreadText("T5", textTokens - 1, ofT5));
        if (clipTokenizer.FindUnread(prompt) is { } ofClip)
            unread.Add(new UnreadText("CLIP", clipTokenizer.MaxTextTokens, ofClip));
        return unread;
    }

    /// <summary>Encodes prompts, each different one once; null is the empty text.</summary>
    public PooledTextFeatures Encode(IReadOnlyList<string?> prompts)
    {
        var texts = prompts.Select(static prompt => prompt ?? "").ToList();
        var distinct = texts.Distinct().ToList();

        using var scope = NewDisposeScope();
        var rows = tensor(texts.Select(text => (long)distinct.IndexOf(text)).ToArray(), device: runtime.Device);
        var tokens = EncodeTokens(distinct).to(runtime.Type).index_select(0, rows); // [B, L, d]
        var pooled = EncodePooled(distinct).index_select(0, rows); // [B, p]
        return new PooledTextFeatures(tokens, pooled);
    }

    public void Dispose()
    {
        clip.Dispose();
        t5.Dispose();
    }

    private Tensor EncodeTokens(List<string> texts)
    {
        using var lease = t5.Use();
        var tokens = lease.Model.call(ToTensor(texts.Select(text => t5Tokenizer.Encode(text, textTokens))));
        FiniteNumbers.Require(tokens, "The prompt's features", t5);
        return tokens;
    }

    private Tensor EncodePooled(List<string> texts)
    {
        using var lease = clip.Use();
        var pooled = lease.Model.call(ToTensor(texts.Select(text => clipTokenizer.Encode(text)))).Pooled!;
        FiniteNumbers.Require(pooled, "The prompt's pooled features", clip);
        return pooled;
    }

    private Tensor ToTensor(IEnumerable<long[]> ids) => stack(ids.Select(row => tensor(row))).to(runtime.Device);
}
