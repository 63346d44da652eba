using ImgAlign.Networks.Llava;
using static TorchSharp.torch;

namespace ImgAlign.Training.Detector;

/// <summary>The loss of LLaVA on answers (LLaVA, section 4.2; transformers <c>LlavaForConditionalGeneration</c> with labels).</summary>
public static class InstructionLoss
{
    /// <summary>The label of positions that are not learned.</summary>
    public const int Ignored = -100;

    /// <summary>The mean cross-entropy of every position against the next label.</summary>
    /// <param name="network">The model.</param>
    /// <param name="ids">Token ids <c>[B, N']</c>, one marker (-200) an image, padded on the right with any token.</param>
    /// <param name="labels">The answer's tokens at their positions, else <see cref="Ignored"/>, <c>[B, N']</c>.</param>
    /// <param name="pixels">Normalised pixels <c>[images, 3, S, S]</c>, or null.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Compute(LlavaModel network, Tensor ids, Tensor labels, Tensor? pixels)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(ids);
        ArgumentNullException.ThrowIfNull(labels);
        using var scope = NewDisposeScope();
        var (logits, targets, _) = Answers(network, ids, labels, pixels);
        return nn.functional.cross_entropy(logits, targets).MoveToOuterDisposeScope();
    }

    /// <summary>What the model says at every position that is followed by a label, and the label. All belong to the caller's dispose
    /// scope.</summary>
    /// <returns>Logits of the vocabulary in float32 <c>[labels, V]</c>; the labels <c>[labels]</c>; hidden states at the last token before
    /// each row's first label <c>[B, D]</c>.</returns>
    internal static (Tensor Logits, Tensor Targets, Tensor QuestionEnds) Answers(
        LlavaModel network,
        Tensor ids,
        Tensor labels,
        Tensor? pixels
    )
    {
        using var scope = NewDisposeScope();
        var hidden = network.LanguageModel.Model.Run(network.Embed(ids, pixels)); // [B, N, D]
        var rows = LlavaTokens.Expand(ids, network.Config).Spread(labels, Ignored)[.., 1..].to(hidden.device); // [B, N - 1]
        var (targets, isLearned) = (rows.flatten(), rows.ne(tensor((long)Ignored, device: rows.device)));
        // Logits of the vocabulary are large: only positions that are followed by a label have any.
        var learned = isLearned.flatten().nonzero().flatten();
        var logits = network.LanguageModel.Logits(hidden[.., ..^1].flatten(0, 1).index_select(0, learned)).to(float32);
        var ends = hidden[TensorMath.Range(hidden.shape[0], device: hidden.device), isLearned.to(int64).argmax(1)];
        return (
            logits.MoveToOuterDisposeScope(),
            targets.index_select(0, learned).MoveToOuterDisposeScope(),
            ends.MoveToOuterDisposeScope()
        );
    }
}
