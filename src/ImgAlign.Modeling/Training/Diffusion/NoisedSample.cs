using static TorchSharp.torch;

namespace ImgAlign.Training.Diffusion;

/// <summary>What a denoising network is trained on. The tensors belong to the caller's dispose scope.</summary>
/// <param name="Noisy">What the network sees, <c>[B, ...]</c>.</param>
/// <param name="Target">What it should say, <c>[B, ...]</c>.</param>
/// <param name="Weight">The weight of each sample's loss, <c>[B]</c>.</param>
public sealed record NoisedSample(Tensor Noisy, Tensor Target, Tensor Weight)
{
    /// <summary>The weighted mean square of each sample's error, <c>[B]</c>; the loss is its mean.</summary>
    /// <param name="prediction">What the network said, <c>[B, ...]</c>.</param>
    public Tensor LossPerSample(Tensor prediction)
    {
        ArgumentNullException.ThrowIfNull(prediction);
        using var scope = NewDisposeScope();
        return ((prediction - Target).Squared().flatten(1).mean([1]) * Weight).MoveToOuterDisposeScope();
    }
}
