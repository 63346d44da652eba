using static TorchSharp.torch;

namespace ImgAlign.Networks.Llama;

/// <summary>Decoding by the most probable token (transformers <c>generate(do_sample=False)</c>).</summary>
public static class GreedySearch
{
    /// <summary>Reads a prompt and continues it.</summary>
    /// <param name="network">The decoder with its head.</param>
    /// <param name="prompt">The prompt's embeddings <c>[1, N, D]</c>.</param>
    /// <param name="maxNewTokens">The most tokens to add, at least 1; fewer where the model's longest sequence ends.</param>
    /// <param name="isComplete">Whether the new tokens so far, at least one, are all that is wanted: usually, whether the last one is a stop token.</param>
    /// <param name="cancellationToken">Seen between tokens.</param>
    /// <returns>The new tokens, with the one that completed them.</returns>
    public static IReadOnlyList<int> Generate(LlamaForCausalLM network, Tensor prompt, int maxNewTokens, Func<IReadOnlyList<int>, bool> isComplete, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxNewTokens, 1);
        using var noGrad = no_grad();
        var length = prompt.shape[1];
        var config = network.Model.Config;
        var count = Math.Min(maxNewTokens, config.MaxPositionEmbeddings - length + 1);
        using var cache = new KeyValueCache(config.NumHiddenLayers, length + count - 1);
        var tokens = new List<int>();
        cancellationToken.ThrowIfCancellationRequested();
        var next = Next(network, prompt, cache);
        while (true)
        {
            tokens.Add(next);
            if (tokens.Count >= count || isComplete(tokens)) return tokens;
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            next = Next(network, network.Model.Embed(tensor([(long)next], [1, 1], device: prompt.device)), cache);
        }
    }

    private static int Next(LlamaForCausalLM network, Tensor embeddings, KeyValueCache cache)
    {
        using var scope = NewDisposeScope();
        var hidden = network.Model.Run(embeddings, cache);
        var last = hidden.narrow(1, hidden.shape[1] - 1, 1);  // logits are needed for the last position only
        return (int)network.Logits(last).argmax(-1).item<long>();
    }
}
