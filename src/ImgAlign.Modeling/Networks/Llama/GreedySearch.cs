using static TorchSharp.torch;

namespace ImgAlign.Networks.Llama;

/// <summary>Decoding by the most probable token (transformers <c>generate(do_sample=False)</c>).</summary>
public static class GreedySearch
{
    /// <summary>Continues what a LLaMA has read.</summary>
    /// <param name="network">The decoder with its head.</param>
    /// <param name="hidden">What it made of the prompt, <c>[1, N, D]</c>.</param>
    /// <param name="cache">What it remembers of the prompt; grows by the new tokens.</param>
    /// <param name="maxNewTokens">The most tokens to add, at least 1; fewer where the model's longest sequence ends.</param>
    /// <param name="isComplete">As for the other overload.</param>
    /// <param name="cancellationToken">Seen between tokens.</param>
    /// <returns>The new tokens, with the one that completed them.</returns>
    public static IReadOnlyList<int> Continue(
        LlamaForCausalLM network,
        Tensor hidden,
        KeyValueCache cache,
        int maxNewTokens,
        Func<IReadOnlyList<int>, bool> isComplete,
        CancellationToken cancellationToken = default
    )
    {
        // the last one is not read itself
        var most = (int)Math.Min(maxNewTokens, network.Model.Config.MaxPositionEmbeddings - cache.Length + 1);
        return Continue(
            hidden,
            network.Logits,
            token => network.Model.Run(network.Model.Embed(token), cache),
            most,
            isComplete,
            cancellationToken
        );
    }

    /// <summary>Continues what any decoder has read.</summary>
    /// <param name="hidden">What it made of the prompt, <c>[1, N, D]</c>.</param>
    /// <param name="logits">Its head: from a position's hidden state <c>[1, 1, D]</c> to the logits of the next token.</param>
    /// <param name="read">Has it read one more token, <c>[1, 1]</c>, and gives that position's hidden state, <c>[1, 1, D]</c>.</param>
    /// <param name="maxNewTokens">The most tokens to add, at least 1.</param>
    /// <param name="isComplete">Whether the new tokens so far, at least one, are all that is wanted: usually, whether the last one is a
    /// stop token.</param>
    /// <param name="cancellationToken">Seen between tokens.</param>
    /// <returns>The new tokens, with the one that completed them.</returns>
    public static IReadOnlyList<int> Continue(
        Tensor hidden,
        Func<Tensor, Tensor> logits,
        Func<Tensor, Tensor> read,
        int maxNewTokens,
        Func<IReadOnlyList<int>, bool> isComplete,
        CancellationToken cancellationToken
    )
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxNewTokens, 1);
        using var noGrad = no_grad();
        cancellationToken.ThrowIfCancellationRequested();
        var tokens = new List<int> { MostProbable(hidden, logits) };
        while (tokens.Count < maxNewTokens && !isComplete(tokens))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            tokens.Add(MostProbable(read(tensor([(long)tokens[^1]], [1, 1], device: hidden.device)), logits));
        }
        return tokens;
    }

    private static int MostProbable(Tensor hidden, Func<Tensor, Tensor> logits)
    {
        using var scope = NewDisposeScope();
        return (int)logits(hidden.narrow(1, hidden.shape[1] - 1, 1)).argmax(-1).item<long>(); // needed for the last position only
    }
}
