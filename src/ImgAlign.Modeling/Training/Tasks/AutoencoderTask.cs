using ImgAlign.Networks.Vae;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImgAlign.Training.Tasks;

/// <summary>
/// Trains an autoencoder from scratch: absolute and square error of the pictures, and the KL divergence of the latents from a unit normal
/// (Kingma and Welling, 2014). Metrics: <c>absolute</c>, <c>square</c>, <c>kl</c> (nats a latent number).
/// </summary>
/// <param name="network">Both halves, with weights; borrowed.</param>
/// <param name="count">The number of pictures.</param>
/// <param name="pictures">Pictures <c>[B, 3, H, W]</c> in -1..1 of some samples; the task's.</param>
/// <param name="klWeight">The weight of the divergence; a weight that is felt makes latents collapse.</param>
public sealed class AutoencoderTask(
    AutoencoderKl network,
    int count,
    Func<IReadOnlyList<SampleDraw>, Tensor> pictures,
    double klWeight = 1e-6
) : ITrainingTask
{
    /// <inheritdoc/>
    public IReadOnlyDictionary<string, Parameter> Parameters { get; } = NamedParameters.Of(("", network));

    /// <inheritdoc/>
    public int SampleCount => count;

    /// <inheritdoc/>
    public TrainingLoss ComputeLoss(IReadOnlyList<SampleDraw> samples)
    {
        var given = pictures(samples);
        var (mean, logVariance) = network.Encode(given);
        var noise = SeededNoise.Like(mean, samples);
        var difference = network.Decode(mean.Plus(logVariance.Times(0.5).exp() * noise)) - given;
        var (absolute, square) = (difference.abs().mean(), difference.Squared().mean());
        var divergence = (mean.Squared().Plus(logVariance.exp()).Minus(1) - logVariance).mean().Times(0.5);
        return new TrainingLoss(
            absolute.Plus(square).Plus(divergence.Times(klWeight)),
            new Dictionary<string, Tensor>
            {
                ["absolute"] = absolute,
                ["square"] = square,
                ["kl"] = divergence,
            },
            new Dictionary<string, Tensor> { ["pictures"] = given }
        );
    }

    /// <summary>Does nothing: the network belongs to the caller.</summary>
    public void Dispose() { }
}
