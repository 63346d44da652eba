using static TorchSharp.torch;

namespace ImgAlign.Sampling;

/// <summary>
/// Latent consistency models (Luo et al., 2023): each step goes to the expected data and adds new noise alone. At timesteps near 0 the data
/// is mixed with the sample, which a consistency model leaves as it is there.
/// </summary>
public sealed class LcmSampler : FirstOrderSampler
{
    private const double DataDeviation = 0.5;

    public override string Name => "lcm";

    public override SamplerKind Kind => SamplerKind.Lcm;

    /// <summary>What timesteps are multiplied by for the weights of this mixture.</summary>
    public double TimestepScaling { get; init; } = 10;

    /// <summary>The bound that expected data is clipped to; null: it is not.</summary>
    public double? ClipRange { get; init; }

    protected override NoiseShares Noise(NoiseSchedule schedule, int step) =>
        new(Kept: 0, schedule.Ends[step].Noise, Draws: step + 1 < schedule.Steps);

    protected override (Tensor Data, Tensor Source) Data(Tensor expected, Tensor x, NoiseLevel level)
    {
        const double Variance = DataDeviation * DataDeviation;
        var (time, bounded) = (TimestepScaling * level.Timestep, ClipRange is { } range ? expected.Clamp(-range, range) : expected);
        var sum = time * time + Variance;
        var data = bounded.Times(time / Math.Sqrt(sum)).PlusInPlace(x, Variance / sum);
        return (data, data);
    }
}
