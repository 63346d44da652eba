namespace ImgAlign.Sampling;

/// <summary>
/// Trajectory consistency distillation (Zheng et al., 2024): each step goes below the next level, to the timestep <c>(1 - eta)</c> of its,
/// and back up to it with new noise; the last one stays there.
/// </summary>
/// <param name="eta">From 0, no new noise, to 1.</param>
public sealed class TcdSampler(double eta) : FirstOrderSampler
{
    public override string Name => "tcd";

    public override SamplerKind Kind => SamplerKind.Tcd;

    public override ISampler? WithEta(double eta) => new TcdSampler(eta);

    protected override NoiseShares Noise(NoiseSchedule schedule, int step)
    {
        var to = schedule.Ends[step];
        var isLast = step + 1 == schedule.Steps;
        if (eta == 0)
            return new(to.Noise, Added: 0, Draws: false);
        var below = schedule.LevelOf!((int)((1 - eta) * to.Timestep));
        var up = to.Signal / below.Signal;
        return new(below.Noise * up, Math.Sqrt(1 - up * up), Draws: !isLast);
    }
}
