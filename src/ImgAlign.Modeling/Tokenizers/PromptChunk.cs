using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Tokenizers;

/// <summary>As much of a prompt as a CLIP text encoder reads at once: begin, up to 75 tokens of text, end, padding.</summary>
public sealed class PromptChunk
{
    private PromptChunk(long[] ids, float[]? weights) => (Ids, Weights) = (ids, weights);

    /// <summary>The ids, as many as the tokenizer's <see cref="ClipTokenizer.MaxLength"/>.</summary>
    public IReadOnlyList<long> Ids { get; }

    /// <summary>The weight of each id; null: all of them are 1.</summary>
    public IReadOnlyList<float>? Weights { get; }

    /// <summary>A text that is read as it is: what does not fit is cut off.</summary>
    /// <param name="tokenizer">The encoder's tokenizer.</param>
    /// <param name="text">The text.</param>
    public static PromptChunk Of(ClipTokenizer tokenizer, string text) => new(tokenizer.Encode(text), null);

    /// <summary>
    /// A prompt in the notation of weights, of any length. Fragments are tokenized each by itself; a full chunk, or a break, begins the
    /// next one.
    /// </summary>
    /// <param name="tokenizer">The encoder's tokenizer.</param>
    /// <param name="prompt">The prompt.</param>
    /// <returns>At least one chunk.</returns>
    /// <exception cref="ArgumentException">A weight is too large for a float32.</exception>
    public static IReadOnlyList<PromptChunk> OfNotation(ClipTokenizer tokenizer, string prompt)
    {
        var chunks = new List<PromptChunk>();
        var open = new List<(int Id, float Weight)>();
        foreach (var (text, weight) in PromptNotation.Parse(prompt))
        {
            if (weight is not { } factor)
            {
                Close(); // even an empty one
                continue;
            }
            if (!float.IsFinite((float)factor))
                throw new ArgumentException(
                    $"The weight of \"{text}\" in the prompt is larger than a float32; use one near 1.",
                    nameof(prompt)
                );
            foreach (var id in tokenizer.TextIds(text))
            {
                if (open.Count == tokenizer.MaxTextTokens)
                    Close();
                open.Add((id, (float)factor));
            }
        }
        if (open.Count > 0 || chunks.Count == 0)
            Close();
        return chunks;

        void Close()
        {
            var ids = new long[tokenizer.MaxLength];
            var weights = new float[tokenizer.MaxLength];
            Array.Fill(ids, tokenizer.PadId);
            Array.Fill(weights, 1);
            ids[0] = tokenizer.BeginId;
            foreach (var (place, token) in open.Index())
                (ids[place + 1], weights[place + 1]) = token;
            ids[open.Count + 1] = tokenizer.EndId;
            chunks.Add(new(ids, Array.TrueForAll(weights, static weight => weight == 1) ? null : weights));
            open.Clear();
        }
    }

    /// <summary>
    /// Weighs what an encoder made of chunks: each token's features times its weight, and then each chunk back to the mean that it had.
    /// </summary>
    /// <param name="features">The features, <c>[chunks, N, w]</c>.</param>
    /// <param name="chunks">The chunks; those without weights stay as they are to the bit.</param>
    /// <returns>The same shape and type; disposed by the caller.</returns>
    public static Tensor Weigh(Tensor features, IReadOnlyList<PromptChunk> chunks)
    {
        using var scope = NewDisposeScope();
        var rows = chunks.Select((chunk, row) => chunk.Weights is { } own ? Weigh(features[row], own) : features[row]);
        return stack([.. rows]).MoveToOuterDisposeScope();
    }

    // [N, w]; in float32, because the mean may be much smaller than what it is the mean of.
    private static Tensor Weigh(Tensor features, IReadOnlyList<float> weights)
    {
        var z = features.to(float32);
        var y = z * tensor(weights.ToArray(), device: z.device).unsqueeze(-1);
        var mean = y.mean();
        var factor = where(mean.eq(zeros_like(mean)), ones_like(mean), z.mean() / mean);
        return (y * factor).to(features.dtype);
    }
}
