using ImgAlign.Networks.Llava;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImgAlign.Training.Detector;

/// <summary>
/// Trains LLaVA on answers: captions, or the edit instructions of IMG's detector (IMG, section 3.2 and A.3). Held-out samples are measured
/// by the <c>loss</c> of a token of their answers, and, each token being given those before it, by <c>token_accuracy</c>, the share of
/// tokens that the model would choose, and <c>exact</c>, the share of answers all of whose tokens it would: those that it gives word for
/// word when it is asked.
/// </summary>
/// <param name="network">With weights; borrowed.</param>
/// <param name="parameters">What is trained of it; the vision tower usually is not.</param>
/// <param name="count">The number of samples that are trained on.</param>
/// <param name="read">Reads a sample.</param>
/// <param name="findProblem">What makes a sample useless, as one sentence, or null; null: all are good.</param>
/// <param name="heldOut">The number of samples that are measured only; they follow the others.</param>
public sealed class InstructionTask(
    LlavaModel network,
    IReadOnlyDictionary<string, Parameter> parameters,
    int count,
    Func<SampleDraw, InstructionSample> read,
    Func<int, string?>? findProblem = null,
    int heldOut = 0
) : ITrainingTask
{
    /// <summary>
    /// A further loss, of the last layer's hidden states at the last token of each question <c>[B, D]</c>: a scalar. Null for none. What it
    /// needs trained is among the parameters.
    /// </summary>
    public Func<Tensor, IReadOnlyList<SampleDraw>, Tensor>? AuxiliaryLoss { get; init; }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, Parameter> Parameters => parameters;

    /// <inheritdoc/>
    public bool AddsToGradientsOnce => !network.LanguageModel.Model.RecomputesActivations;

    /// <inheritdoc/>
    public int SampleCount => count;

    /// <inheritdoc/>
    public string? FindProblem(int index) => findProblem?.Invoke(index);

    /// <inheritdoc/>
    public TrainingLoss ComputeLoss(IReadOnlyList<SampleDraw> samples)
    {
        var (ids, labels, pixels) = Read(samples);
        var inputs = new Dictionary<string, Tensor> { ["ids"] = ids, ["labels"] = labels };
        if (pixels is not null)
            inputs["pixels"] = pixels;
        var (logits, targets, questionEnds) = InstructionLoss.Answers(network, ids, labels, pixels);
        var loss = nn.functional.cross_entropy(logits, targets);
        if (AuxiliaryLoss is null)
            return new TrainingLoss(loss, new Dictionary<string, Tensor>(), inputs) { Weight = targets.shape[0] };
        var auxiliary = AuxiliaryLoss(questionEnds, samples);
        return new TrainingLoss(
            loss.Plus(auxiliary),
            new Dictionary<string, Tensor> { ["answers"] = loss, ["auxiliary"] = auxiliary },
            inputs
        );
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, double> Evaluate(CancellationToken cancellationToken)
    {
        if (heldOut == 0)
            return new Dictionary<string, double>();
        var samples = HeldOutSamples.Find(this, heldOut);
        var (loss, tokens, right, exact) = (0.0, 0L, 0L, 0);
        foreach (var sample in samples)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var (ids, labels, pixels) = Read([sample]);
            var (logits, targets, _) = InstructionLoss.Answers(network, ids, labels, pixels);
            var chosen = logits.argmax(-1).eq(targets).sum().item<long>();
            loss += nn.functional.cross_entropy(logits, targets, reduction: nn.Reduction.Sum).item<float>();
            tokens += targets.shape[0];
            right += chosen;
            exact += chosen == targets.shape[0] ? 1 : 0;
        }
        return new Dictionary<string, double>
        {
            ["loss"] = loss / tokens,
            ["token_accuracy"] = (double)right / tokens,
            ["exact"] = (double)exact / samples.Count,
            ["samples"] = samples.Count,
        };
    }

    /// <summary>Does nothing: the network belongs to the caller.</summary>
    public void Dispose() { }

    private (Tensor Ids, Tensor Labels, Tensor? Pixels) Read(IReadOnlyList<SampleDraw> samples)
    {
        var batch = samples.Select(read).ToList();
        // A picture takes the place of its marker: rows are padded to one length with as many pictures in each.
        var length = batch.Max(static sample => sample.Ids.Count);
        var ids = Rows(batch, length, 0, static (sample, index) => sample.Ids[index]);
        var labels = Rows(
            batch,
            length,
            InstructionLoss.Ignored,
            static (sample, index) => index < sample.Ids.Count - sample.AnswerLength ? InstructionLoss.Ignored : sample.Ids[index]
        );
        var weight = network.LanguageModel.Model.EmbeddingWeight;
        Tensor[] pictures = [.. batch.Select(static sample => sample.Pixels).OfType<Tensor>()];
        return (ids, labels, pictures.Length == 0 ? null : cat(pictures, 0).to(weight.device).to(weight.dtype));
    }

    private static Tensor Rows(List<InstructionSample> samples, int length, long padding, Func<InstructionSample, int, long> value) =>
        tensor(
            samples
                .SelectMany(sample =>
                    Enumerable.Range(0, length).Select(index => index < sample.Ids.Count ? value(sample, index) : padding)
                )
                .ToArray(),
            [samples.Count, length]
        );
}
