namespace ImgAlign.Sampling;

/// <summary>
/// Euler's steps with all of the noise renewed each time: <c>stochastic_sampling</c> of diffusers' <c>FlowMatchEulerDiscreteScheduler</c>.
/// </summary>
public sealed class RenewingSampler : FirstOrderSampler
{
    public override string Name => "euler-stochastic";

    public override SamplerKind Kind => SamplerKind.Euler;

    protected override NoiseShares Noise(NoiseSchedule schedule, int step) => new(Kept: 0, schedule.Ends[step].Noise, Draws: true);
}
