using ImgAlign.Checkpoints;
using ImgAlign.Networks.Clip;
using ImgAlign.Runtime;
using ImgAlign.Tokenizers;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Backbones;

/// <summary>
/// SDXL's two text encoders: features of each token are those of both, side by side, before their last blocks; the pooled features are the
/// second one's (SDXL, section 2.1).
/// </summary>
internal sealed class SdxlTextEncoder : IDisposable
{
    private readonly DeviceRuntime runtime;
    private readonly ClipTokenizer tokenizer;
    private readonly ClipTokenizer tokenizer2;
    private readonly ModelSlot<ClipTextModel> encoder;
    private readonly ModelSlot<ClipTextModel> encoder2;
    private readonly int width;
    private readonly int pooledWidth;
    private readonly bool forceZeros;

    public SdxlTextEncoder(DeviceRuntime runtime, SdxlTextParts parts, WeightStorage storage)
    {
        (this.runtime, width, pooledWidth, forceZeros) = (runtime, parts.Width, parts.PooledWidth, parts.ForceZerosForEmptyPrompt);
        (tokenizer, tokenizer2) = (parts.Tokenizer, parts.Tokenizer2);
        (encoder, encoder2) = (new(runtime, parts.Encoder, storage: storage), new(runtime, parts.Encoder2, storage: storage));
    }

    /// <summary>Bytes of both encoders' weights.</summary>
    public long WeightBytes => encoder.WeightBytes + encoder2.WeightBytes;

    /// <summary>What the encoders do not read of a prompt; both have CLIP's vocabulary, so that one entry says it where they
    /// agree.</summary>
    public IReadOnlyList<UnreadText> FindUnread(string prompt)
    {
        var unread = new[] { (Name: "text encoder", Tokenizer: tokenizer), (Name: "text encoder 2", Tokenizer: tokenizer2) }
            .Select(encoder => (encoder.Name, encoder.Tokenizer.MaxTextTokens, Text: encoder.Tokenizer.FindUnread(prompt)))
            .Where(static found => found.Text is not null)
            .DistinctBy(static found => found.Text);
        return [.. unread.Select(static found => new UnreadText(found.Name, found.MaxTextTokens, found.Text!))];
    }

    /// <summary>Encodes prompts, each different one once; null is all zeros, or the empty text where the model says so.</summary>
    public PooledTextFeatures Encode(IReadOnlyList<string?> prompts)
    {
        var texts = prompts.Select(prompt => forceZeros ? prompt : prompt ?? "").ToList();
        var distinct = texts.OfType<string>().Distinct().ToList();

        using var scope = NewDisposeScope();
        // The last row is that of null.
        var tokens = new List<Tensor> { Zeros(1, tokenizer.MaxLength, width) };
        var pooled = new List<Tensor> { Zeros(1, pooledWidth) };
        if (distinct.Count > 0)
        {
            var first = Run(encoder, Tokenize(tokenizer, distinct));
            var second = Run(encoder2, Tokenize(tokenizer2, distinct));
            tokens.Insert(0, cat([first.Penultimate, second.Penultimate], -1)); // [texts, 77, d]
            pooled.Insert(0, second.Pooled!);
        }
        foreach (var features in tokens.Concat(pooled))
            FiniteNumbers.Require(features, "The prompt's features", encoder, encoder2);
        var rows = tensor(
            texts.Select(text => (long)(text is null ? distinct.Count : distinct.IndexOf(text))).ToArray(),
            device: runtime.Device
        );
        return new PooledTextFeatures(cat(tokens).index_select(0, rows), cat(pooled).index_select(0, rows));
    }

    public void Dispose()
    {
        encoder.Dispose();
        encoder2.Dispose();
    }

    // Each is given back before the other one is needed.
    private static ClipOutput Run(ModelSlot<ClipTextModel> slot, Tensor ids)
    {
        using var lease = slot.Use();
        return lease.Model.call(ids);
    }

    private Tensor Zeros(params long[] shape) => zeros(shape, runtime.Type, runtime.Device);

    private Tensor Tokenize(ClipTokenizer vocabulary, IEnumerable<string> texts) =>
        stack(texts.Select(text => tensor(vocabulary.Encode(text)))).to(runtime.Device); // [texts, 77]
}
