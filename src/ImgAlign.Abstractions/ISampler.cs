using System.Collections.Frozen;
using TorchSharp;

namespace ImgAlign;

/// <summary>
/// Solves a sample's way from noise to data. A sampler holds no state between two calls, so that one instance serves all runs.
/// </summary>
public interface ISampler
{
    /// <summary>The name by which it is chosen and recorded, such as <c>dpmpp-2m</c>.</summary>
    string Name { get; }

    /// <summary>Whose noise levels it takes.</summary>
    SamplerKind Kind => SamplerKind.Euler;

    /// <summary>
    /// Options that its name does not tell, as a <c>scheduler_config.json</c> of diffusers has them; empty where it is what is usual.
    /// </summary>
    IReadOnlyDictionary<string, string> Options => FrozenDictionary<string, string>.Empty;

    /// <summary>How often a run over so many steps evaluates the network.</summary>
    /// <param name="steps">The number of steps.</param>
    int CountEvaluations(int steps);

    /// <summary>The same sampler with another share of new noise in each step.</summary>
    /// <param name="eta">From 0, none, to 1, all that the step allows.</param>
    /// <returns>The sampler; null where it has no such share.</returns>
    ISampler? WithEta(double eta) => null;

    /// <summary>Runs the steps of a schedule, from <see cref="NoiseSchedule.First"/> on.</summary>
    /// <param name="x">The sample <c>[B, C, h, w]</c> at the noise level of the first step that is run, float32; borrowed.</param>
    /// <param name="schedule">The noise levels.</param>
    /// <param name="estimate">The data behind a sample, evaluated <see cref="CountEvaluations"/> times.</param>
    /// <param name="noise">Noise for samplers that add some on the way: each item's own stream, drawn in the shape of <paramref
    /// name="x"/>.</param>
    /// <returns>The sample at the final noise level, <c>[B, C, h, w]</c>; disposed by the caller.</returns>
    torch.Tensor Sample(torch.Tensor x, NoiseSchedule schedule, DataEstimate estimate, INoiseSource noise);
}
