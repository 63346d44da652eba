using ImgAlign.Networks.Llama;
using ImgAlign.Runtime;
using static TorchSharp.torch;

namespace ImgAlign.Detectors;

/// <summary>What detectors whose language model is a decoder have in common: one reading gives hidden states and, if asked for, an answer.</summary>
internal static class DecoderReading
{
    /// <summary>Reads and answers.</summary>
    /// <param name="decoder">The decoder with its head.</param>
    /// <param name="prefill">Has it read image and question, and remember them in the cache where there is one; gives the hidden states <c>[1, N, D]</c>.</param>
    /// <param name="network">The network, for what is wrong with its weights.</param>
    /// <param name="critiqueTokens">The most tokens that the answer may have; 0: no answer.</param>
    /// <param name="isComplete">Whether the answer so far is all of it.</param>
    /// <param name="toText">The text of an answer.</param>
    /// <param name="cancellationToken">Seen between the tokens of the answer.</param>
    public static Detection Read(
        LlamaForCausalLM decoder, Func<KeyValueCache?, Tensor> prefill, IResident network, int critiqueTokens,
        Func<IReadOnlyList<int>, bool> isComplete, Func<IReadOnlyList<int>, string> toText, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(critiqueTokens);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var cache = critiqueTokens > 0 ? new KeyValueCache(decoder.Model.Config.NumHiddenLayers) : null;
        var h = prefill(cache);
        FiniteNumbers.Require(h, "The detector's hidden states", network);
        var answer = cache is null ? null : GreedySearch.Continue(decoder, h, cache, critiqueTokens, isComplete, cancellationToken);
        return new Detection(h.MoveToOuterDisposeScope(), answer is null ? null : toText(answer));
    }
}
