using ImgAlign.Networks.Llama;
using ImgAlign.Runtime;
using static TorchSharp.torch;

namespace ImgAlign.Detectors;

/// <summary>What detectors whose language model is a decoder have in common: one reading gives hidden states and, if asked for, an
/// answer.</summary>
public static class DecoderReading
{
    /// <summary>Token ids as one row, <c>[1, N]</c>, on the CPU; disposed by the caller.</summary>
    public static Tensor ToRow(IReadOnlyList<int> ids) => tensor(ids.Select(static id => (long)id).ToArray(), [1, ids.Count]);

    /// <summary>What was read together, row by row, without what fills the rows up.</summary>
    /// <param name="hidden">Hidden states <c>[B, N, D]</c>, in which an image may take more positions than it has tokens; disposed
    /// here.</param>
    /// <param name="lengths">The number of tokens of each row.</param>
    /// <param name="network">The network, for what is wrong with its weights.</param>
    public static IReadOnlyList<Detection> ReadTogether(Tensor hidden, IReadOnlyList<int> lengths, IResident network)
    {
        using (hidden)
        {
            FiniteNumbers.Require(hidden, "The detector's hidden states", network);
            var longest = lengths.Max();
            return
            [
                .. lengths.Select(
                    (length, row) =>
                    {
                        using var one = hidden.narrow(0, row, 1);
                        return new Detection(one.narrow(1, 0, hidden.shape[1] - (longest - length)));
                    }
                ),
            ];
        }
    }

    /// <summary>Reads pairs one after the other; what has been read is disposed if a later one fails.</summary>
    public static IReadOnlyList<Detection> ReadOneByOne(IReadOnlyList<DetectionInput> inputs, Func<DetectionInput, Detection> read) =>
        Collect(inputs, input => [read(input)]);

    /// <summary>Reads part after part; what has been read is disposed if a later one fails.</summary>
    public static IReadOnlyList<Detection> Collect<T>(IEnumerable<T> parts, Func<T, IReadOnlyList<Detection>> read)
    {
        var detections = new List<Detection>();
        try
        {
            foreach (var part in parts)
                detections.AddRange(read(part));
            return detections;
        }
        catch
        {
            detections.ForEach(static detection => detection.Dispose());
            throw;
        }
    }

    /// <summary>Reads and answers.</summary>
    /// <param name="decoder">The decoder with its head.</param>
    /// <param name="prefill">Has it read image and question, and remember them in the cache where there is one; gives the hidden states
    /// <c>[1, N, D]</c>.</param>
    /// <param name="network">The network, for what is wrong with its weights.</param>
    /// <param name="critiqueTokens">The most tokens that the answer may have; 0: no answer.</param>
    /// <param name="format">How answers end, and what they say.</param>
    /// <param name="cancellationToken">Seen between the tokens of the answer.</param>
    public static Detection Read(
        LlamaForCausalLM decoder,
        Func<KeyValueCache?, Tensor> prefill,
        IResident network,
        int critiqueTokens,
        IAnswerFormat format,
        CancellationToken cancellationToken
    )
    {
        ArgumentOutOfRangeException.ThrowIfNegative(critiqueTokens);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var cache = critiqueTokens > 0 ? new KeyValueCache(decoder.Model.Config.NumHiddenLayers) : null;
        var h = prefill(cache);
        FiniteNumbers.Require(h, "The detector's hidden states", network);
        var answer = cache is null ? null : GreedySearch.Continue(decoder, h, cache, critiqueTokens, format.IsComplete, cancellationToken);
        return new Detection(h.MoveToOuterDisposeScope(), answer is null ? null : format.Decode(answer));
    }

    /// <summary>Answers a text without a picture.</summary>
    /// <param name="decoder">The decoder with its head.</param>
    /// <param name="ids">The text's tokens.</param>
    /// <param name="network">The network, for what is wrong with its weights.</param>
    /// <param name="maxTokens">The most tokens that the answer may have, at least 1.</param>
    /// <param name="format">How answers end, and what they say.</param>
    /// <param name="cancellationToken">Seen between the tokens of the answer.</param>
    public static string Write(
        LlamaForCausalLM decoder,
        IReadOnlyList<int> ids,
        IResident network,
        int maxTokens,
        IAnswerFormat format,
        CancellationToken cancellationToken
    )
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxTokens, 1);
        using var reading = Read(decoder, ReadIds, network, maxTokens, format, cancellationToken);
        return reading.Critique!;

        Tensor ReadIds(KeyValueCache? cache)
        {
            using var scope = NewDisposeScope();
            return decoder.Model.Run(decoder.Model.Embed(ToRow(ids).to(decoder.Model.Device)), cache).MoveToOuterDisposeScope();
        }
    }
}
