using ImgAlign.Networks.Clip;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImgAlign.Training.Tasks;

/// <summary>
/// Trains CLIP's two towers (Radford et al., 2021): in a batch, every picture is to find its caption and every caption its picture.
/// The loss depends on the whole batch: parts of a batch are not the same as the batch. Metrics: <c>image_accuracy</c>, <c>text_accuracy</c>, <c>logit_scale</c>.
/// </summary>
public sealed class ContrastiveTask : ITrainingTask
{
    private const double MostLogitScale = 4.6052; // ln 100, as CLIP has it

    private readonly ClipTextModel text;
    private readonly ClipVisionModel vision;
    private readonly Parameter logitScale;
    private readonly Func<IReadOnlyList<SampleDraw>, ContrastiveBatch> read;

    /// <summary>Prepares training.</summary>
    /// <param name="text">With weights and a projection; borrowed.</param>
    /// <param name="vision">With weights and a projection of the same width; borrowed.</param>
    /// <param name="count">The number of samples.</param>
    /// <param name="read">Reads some samples.</param>
    /// <param name="beside">What is trained beside the towers, by <see cref="ContrastiveBatch.AuxiliaryLoss"/>; null for nothing.</param>
    public ContrastiveTask(
        ClipTextModel text,
        ClipVisionModel vision,
        int count,
        Func<IReadOnlyList<SampleDraw>, ContrastiveBatch> read,
        IReadOnlyDictionary<string, Parameter>? beside = null
    )
    {
        this.text = text;
        this.vision = vision;
        this.read = read;
        SampleCount = count;
        var towers = NamedParameters.Of(("text_model.", text), ("vision_model.", vision));
        logitScale = new Parameter(TensorMath.Full([], Math.Log(1 / 0.07), float32, towers.Values.First().device));
        // The projections stand beside the towers in transformers' CLIPModel.
        Parameters = towers
            .ToDictionary(
                static pair =>
                    pair.Key.Contains("_projection.", StringComparison.Ordinal)
                        ? pair.Key[(pair.Key.IndexOf('.', StringComparison.Ordinal) + 1)..]
                        : pair.Key,
                static pair => pair.Value
            )
            .Append(KeyValuePair.Create("logit_scale", logitScale))
            .Concat(beside ?? new Dictionary<string, Parameter>())
            .ToDictionary();
    }

    /// <summary>The contrast alone: in a batch, every picture is to find its caption and every caption its picture.</summary>
    /// <param name="images">The pictures' embeddings <c>[B, p]</c>, of any length.</param>
    /// <param name="captions">The captions' <c>[B, p]</c>.</param>
    /// <param name="scale">By which cosines are multiplied.</param>
    public static Tensor Contrast(Tensor images, Tensor captions, double scale) =>
        Contrast(Normalize(images).matmul(Normalize(captions).t()).Times(scale));

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, Parameter> Parameters { get; }

    /// <inheritdoc/>
    public int SampleCount { get; }

    /// <inheritdoc/>
    public TrainingLoss ComputeLoss(IReadOnlyList<SampleDraw> samples)
    {
        var batch = read(samples);
        var (seen, understood) = (vision.call(batch.Pixels), text.call(batch.Ids));
        var (images, captions) = (Normalize(seen.Pooled!), Normalize(understood.Pooled!)); // [B, p]
        var scale = logitScale.Clamp(max: MostLogitScale).exp();
        var similarity = images.matmul(captions.t()) * scale; // [B, B]
        var right = TensorMath.Range(samples.Count, device: similarity.device);
        var loss = Contrast(similarity);
        var metrics = new Dictionary<string, Tensor>
        {
            ["image_accuracy"] = similarity.argmax(1).eq(right).to(float32).mean(),
            ["text_accuracy"] = similarity.argmax(0).eq(right).to(float32).mean(),
            ["logit_scale"] = scale,
        };
        if (batch.AuxiliaryLoss is { } auxiliary)
            loss = loss.Plus(metrics["auxiliary"] = auxiliary(seen, understood));
        return new TrainingLoss(loss, metrics, new Dictionary<string, Tensor> { ["pixels"] = batch.Pixels, ["ids"] = batch.Ids });
    }

    /// <summary>Frees the temperature; the towers belong to the caller.</summary>
    public void Dispose() => logitScale.Dispose();

    private static Tensor Contrast(Tensor similarity)
    {
        var right = TensorMath.Range(similarity.shape[0], device: similarity.device);
        return nn.functional.cross_entropy(similarity, right).Plus(nn.functional.cross_entropy(similarity.t(), right)).Times(0.5);
    }

    private static Tensor Normalize(Tensor x) => x / x.norm(1, keepdim: true);
}
