using TorchSharp;

namespace ImgAlign;

/// <summary>The derivative of a sample by its noise level, dx/dsigma, as the network estimates it, with guidance.</summary>
/// <param name="x">The sample <c>[B, C, h, w]</c>, float32; borrowed.</param>
/// <param name="step">The step that the evaluation belongs to, from 0.</param>
/// <param name="level">The sample's noise level.</param>
/// <returns><c>[B, C, h, w]</c>, float32; disposed by the caller.</returns>
public delegate torch.Tensor DerivativeEstimate(torch.Tensor x, int step, NoiseLevel level);

/// <summary>Solves a sample's way from noise to data. A sampler holds no state between two calls, so that one instance serves all runs.</summary>
public interface ISampler
{
    /// <summary>The name by which it is chosen and recorded, such as <c>dpmpp-2m</c>.</summary>
    string Name { get; }

    /// <summary>How often a run over so many steps evaluates the network.</summary>
    /// <param name="steps">The number of steps.</param>
    int CountEvaluations(int steps);

    /// <summary>Runs all steps of a schedule.</summary>
    /// <param name="x">The sample <c>[B, C, h, w]</c> at the first noise level, float32; borrowed.</param>
    /// <param name="schedule">The noise levels.</param>
    /// <param name="derivative">dx/dsigma, evaluated <see cref="CountEvaluations"/> times.</param>
    /// <param name="noise">Noise for samplers that add some on the way: each item's own stream, drawn in the shape of <paramref name="x"/>.</param>
    /// <returns>The sample at the final noise level, <c>[B, C, h, w]</c>; disposed by the caller.</returns>
    torch.Tensor Sample(torch.Tensor x, NoiseSchedule schedule, DerivativeEstimate derivative, INoiseSource noise);
}
