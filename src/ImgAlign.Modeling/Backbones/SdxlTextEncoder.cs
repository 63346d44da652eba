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

    /// <summary>The tokens that the encoders read at once, begin, end and padding included.</summary>
    public int ChunkTokens => tokenizer.MaxLength;

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

    /// <summary>How many tokens of features a prompt in the notation of weights becomes: those of as many chunks as the encoder needs that
    /// needs more.</summary>
    /// <exception cref="ArgumentException">A weight is too large.</exception>
    public int CountTokens(string prompt) =>
        ChunkTokens * Math.Max(PromptChunk.OfNotation(tokenizer, prompt).Count, PromptChunk.OfNotation(tokenizer2, prompt).Count);

    /// <summary>Encodes prompts, each different one once; null is all zeros, or the empty text where the model says so.</summary>
    /// <param name="prompts">The prompts.</param>
    /// <param name="hasWeights">Whether they are in the notation of weights.</param>
    /// <param name="tokens">The least number of tokens: chunks of the empty text make up for what is missing.</param>
    public PooledTextFeatures Encode(IReadOnlyList<string?> prompts, bool hasWeights, int tokens)
    {
        var texts = prompts.Select(prompt => forceZeros ? prompt : prompt ?? "").ToList();
        var distinct = texts.OfType<string>().Distinct().ToList();
        var (chunks, chunks2) = (Chunks(tokenizer, distinct, hasWeights), Chunks(tokenizer2, distinct, hasWeights));
        var count = chunks.Concat(chunks2).Select(static text => text.Count).Append(Math.Max(1, tokens / ChunkTokens)).Max();

        using var scope = NewDisposeScope();
        // The last row is that of null.
        var features = new List<Tensor> { Zeros(1, count * ChunkTokens, width) };
        var pooled = new List<Tensor> { Zeros(1, pooledWidth) };
        if (distinct.Count > 0)
        {
            var (first, _) = Run(encoder, tokenizer, chunks, count);
            var (second, ofTexts) = Run(encoder2, tokenizer2, chunks2, count);
            features.Insert(0, cat([first, second], -1)); // [texts, 77 k, d]
            pooled.Insert(0, ofTexts!);
        }
        foreach (var numbers in features.Concat(pooled))
            FiniteNumbers.Require(numbers, "The prompt's features", encoder, encoder2);
        var rows = Rows(texts.Select(text => text is null ? distinct.Count : distinct.IndexOf(text)));
        return new PooledTextFeatures(cat(features).index_select(0, rows), cat(pooled).index_select(0, rows));
    }

    public void Dispose()
    {
        encoder.Dispose();
        encoder2.Dispose();
    }

    private static List<IReadOnlyList<PromptChunk>> Chunks(ClipTokenizer tokenizer, IEnumerable<string> texts, bool hasWeights) =>
        [.. texts.Select(text => hasWeights ? PromptChunk.OfNotation(tokenizer, text) : [PromptChunk.Of(tokenizer, text)])];

    // The features of texts, of so many chunks each, [texts, 77 k, w], and the pooled ones of their first chunks, [texts, p]. An encoder
    // is given back before the other one is needed.
    private (Tensor Features, Tensor? Pooled) Run(
        ModelSlot<ClipTextModel> slot,
        ClipTokenizer tokenizer,
        List<IReadOnlyList<PromptChunk>> texts,
        int count
    )
    {
        var empty = PromptChunk.Of(tokenizer, "");
        var padded = texts.SelectMany(text => text.Concat(Enumerable.Repeat(empty, count - text.Count))).ToList();
        var distinct = padded.Distinct().ToList();
        using var lease = slot.Use();
        var output = lease.Model.call(stack(distinct.Select(static chunk => tensor(chunk.Ids.ToArray()))).to(runtime.Device));
        var features = PromptChunk
            .Weigh(output.Penultimate, distinct)
            .index_select(0, Rows(padded.Select(chunk => distinct.IndexOf(chunk))));
        return (
            features.reshape(texts.Count, count * ChunkTokens, -1),
            output.Pooled?.index_select(0, Rows(texts.Select(text => distinct.IndexOf(text[0]))))
        );
    }

    private Tensor Zeros(params long[] shape) => zeros(shape, runtime.Type, runtime.Device);

    private Tensor Rows(IEnumerable<int> rows) => tensor(rows.Select(static row => (long)row).ToArray(), device: runtime.Device);
}
