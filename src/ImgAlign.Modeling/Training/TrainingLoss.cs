using static TorchSharp.torch;

namespace ImgAlign.Training;

/// <summary>The loss of some samples. The tensors belong to the caller's dispose scope.</summary>
/// <param name="Total">What is derived, a scalar.</param>
/// <param name="Metrics">Scalars to be reported; each is a mean over the samples.</param>
/// <param name="Inputs">What it was computed from; written to a file when the loss is no number.</param>
public sealed record TrainingLoss(Tensor Total, IReadOnlyDictionary<string, Tensor> Metrics, IReadOnlyDictionary<string, Tensor> Inputs)
{
    /// <summary>
    /// How much these samples weigh beside the other parts of their batch, where <see cref="Total"/> is a mean over something else than
    /// samples, such as the labels of their answers; null: their number.
    /// </summary>
    public double? Weight { get; init; }
}
