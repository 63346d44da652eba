using ImgAlign.Networks.Llama;
using ImgAlign.Runtime;
using static TorchSharp.torch;

namespace ImgAlign.Detectors;

/// <summary>How probable answers are to a model whose language model is a decoder.</summary>
public static class AnswerReading
{
    /// <summary>How probable the answers to questions about one picture are.</summary>
    /// <param name="decoder">As for <see cref="ReadLogits"/>.</param>
    /// <param name="prompts">As for <see cref="ReadLogits"/>.</param>
    /// <param name="begin">As for <see cref="ReadLogits"/>.</param>
    /// <param name="network">As for <see cref="ReadLogits"/>.</param>
    /// <param name="modelPenalty">The repetition penalty of questions that have none.</param>
    /// <param name="cancellationToken">As for <see cref="ReadLogits"/>.</param>
    public static IReadOnlyList<double> Judge(
        LlamaForCausalLM decoder,
        IReadOnlyList<AnswerPrompt> prompts,
        Func<IReadOnlyList<int>, KeyValueCache?, Tensor> begin,
        IResident? network,
        double modelPenalty,
        CancellationToken cancellationToken = default
    )
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var logits = ReadLogits(decoder, prompts, begin, network, cancellationToken);
        return [.. logits.Zip(prompts, (own, prompt) => Math.Exp(LogProbability(own, prompt, modelPenalty)))];
    }

    /// <summary>
    /// The logits that predict each answer. What the prompts have in common at their beginning, the picture with it, is read once: its keys
    /// and values are remembered, and each prompt goes on from there.
    /// </summary>
    /// <param name="decoder">The decoder with its head.</param>
    /// <param name="prompts">At least one prompt, all about the same picture, which stands before the first token that differs.</param>
    /// <param name="begin">Has the model read the beginning of a prompt with the picture, and remember it where there is a cache; gives
    /// the hidden states <c>[1, N, D]</c>.</param>
    /// <param name="network">The network, for what is wrong with its weights; null where it has no slot.</param>
    /// <param name="cancellationToken">Seen between the prompts.</param>
    /// <returns>For each prompt <c>[k, V]</c>, in the current dispose scope.</returns>
    public static IReadOnlyList<Tensor> ReadLogits(
        LlamaForCausalLM decoder,
        IReadOnlyList<AnswerPrompt> prompts,
        Func<IReadOnlyList<int>, KeyValueCache?, Tensor> begin,
        IResident? network,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(decoder);
        ArgumentNullException.ThrowIfNull(prompts);
        ArgumentNullException.ThrowIfNull(begin);
        if (prompts is [var only])
            return [Logits(begin(only.Read, null), only)];
        var shared = SharedLength(prompts);
        using var cache = new KeyValueCache(decoder.Model.Config.NumHiddenLayers);
        begin([.. prompts[0].Read.Take(shared)], cache).Dispose();
        var length = cache.Length;
        return [.. prompts.Select(Continue)];

        Tensor Continue(AnswerPrompt prompt)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            cache.Rewind(length);
            var rest = prompt.Read.Skip(shared).Select(static id => (long)id).ToArray();
            var embeddings = decoder.Model.Embed(tensor(rest, [1, rest.Length], device: decoder.Model.Device));
            return Logits(decoder.Model.Run(embeddings, cache), prompt).MoveToOuterDisposeScope();
        }

        Tensor Logits(Tensor hidden, AnswerPrompt prompt)
        {
            using var scope = NewDisposeScope();
            FiniteNumbers.Require(hidden, "The judge's hidden states", network);
            var last = hidden.narrow(1, hidden.shape[1] - prompt.Positions, prompt.Positions);
            return decoder.Logits(last).squeeze(0).MoveToOuterDisposeScope();
        }
    }

    /// <summary>The logarithm of an answer's probability: the mean over its tokens, or of the sum over ways of writing it.</summary>
    /// <param name="logits">The logits that predict it, <c>[k, V]</c>.</param>
    /// <param name="prompt">The question and its answer.</param>
    /// <param name="modelPenalty">The repetition penalty where the question has none.</param>
    public static double LogProbability(Tensor logits, AnswerPrompt prompt, double modelPenalty)
    {
        ArgumentNullException.ThrowIfNull(logits);
        ArgumentNullException.ThrowIfNull(prompt);
        using var scope = NewDisposeScope();
        var scores = logits.cpu().to(float64);
        var penalty = prompt.Question.RepetitionPenalty ?? modelPenalty;
        if (penalty != 1)
            scores = Penalize(scores, prompt, penalty);
        var all = scores.DividedBy(prompt.Question.Temperature).log_softmax(-1); // [k, V]
        var ids = tensor(prompt.Answer.Select(static id => (long)id).ToArray());
        return prompt.Question.Tokens == AnswerTokens.All
            ? all.gather(1, ids.unsqueeze(1)).mean().item<double>()
            : all.squeeze(0).index_select(0, ids).logsumexp(0).item<double>();
    }

    // Each token that has occurred is penalised once; for an answer's later tokens, the earlier ones have occurred, too.
    private static Tensor Penalize(Tensor scores, AnswerPrompt prompt, double penalty)
    {
        var rows = Enumerable
            .Range(0, prompt.Positions)
            .Select(position =>
            {
                var occurred = prompt.Prompt.Concat(prompt.Answer.Take(position)).Distinct().Select(static id => (long)id).ToArray();
                var (row, ids) = (scores[position], tensor(occurred));
                var theirs = row.index_select(0, ids);
                var penalised = where(theirs.signbit(), theirs.Times(penalty), theirs.DividedBy(penalty));
                return row.index_copy(0, ids, penalised);
            });
        return stack([.. rows]);
    }

    // Every prompt keeps at least the positions whose logits are wanted.
    private static int SharedLength(IReadOnlyList<AnswerPrompt> prompts)
    {
        var first = prompts[0].Read;
        return prompts.Min(prompt =>
        {
            var most = Math.Min(first.Count, prompt.Read.Count - prompt.Positions);
            return Enumerable.Range(0, most).TakeWhile(place => first[place] == prompt.Read[place]).Count();
        });
    }
}
