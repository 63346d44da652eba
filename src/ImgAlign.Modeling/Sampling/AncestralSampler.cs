using static TorchSharp.torch;

namespace ImgAlign.Sampling;

/// <summary>
/// From deterministic to ancestral steps: of the noise that a step may renew, <c>Noise' sqrt(1 - (sigma'/sigma)^2)</c>, it renews the share
/// eta. Over noise levels of its own each time, this is Euler (0; Karras et al., 2022), Euler ancestral (1), DDIM (any; Song et al., 2021)
/// and DDPM (1; Ho et al., 2020).
/// </summary>
/// <param name="name">The sampler's name.</param>
/// <param name="kind">Whose noise levels it takes.</param>
/// <param name="eta">The share, 0 to 1.</param>
public sealed class AncestralSampler(string name, SamplerKind kind, double eta) : FirstOrderSampler
{
    /// <summary>Euler steps, one evaluation a step.</summary>
    public static AncestralSampler Euler { get; } = new("euler", SamplerKind.Euler, eta: 0);

    /// <summary>Euler steps with new noise in each.</summary>
    public static AncestralSampler EulerAncestral { get; } = new("euler-ancestral", SamplerKind.EulerAncestral, eta: 1);

    /// <summary>DDIM without new noise.</summary>
    public static AncestralSampler Ddim { get; } = new("ddim", SamplerKind.Ddim, eta: 0);

    /// <summary>DDPM.</summary>
    public static AncestralSampler Ddpm { get; } = new("ddpm", SamplerKind.Ddpm, eta: 1);

    public override string Name => name;

    public override SamplerKind Kind => kind;

    /// <summary>The bound that expected data is clipped to; null: it is not.</summary>
    public double? ClipRange { get; init; }

    /// <summary>DDPM's upper bound of the variance of new noise, <c>1 - Signal^2 / Signal'^2</c>, in place of the lower.</summary>
    public bool IsVarianceLarge { get; init; }

    public override ISampler? WithEta(double eta) =>
        kind == SamplerKind.Ddim ? new AncestralSampler(name, kind, eta) { ClipRange = ClipRange } : null;

    protected override NoiseShares Noise(NoiseSchedule schedule, int step)
    {
        var (from, to) = (schedule.Levels[step], schedule.Ends[step]);
        var ratio = to.Noise * from.Signal / (to.Signal * from.Noise);
        var renewed = eta * to.Noise * Math.Sqrt(Math.Max(0, 1 - ratio * ratio));
        var kept = Math.Sqrt(Math.Max(0, to.Noise * to.Noise - renewed * renewed));
        var added = IsVarianceLarge ? Math.Sqrt(1 - from.Signal * from.Signal / (to.Signal * to.Signal)) : renewed;
        return new(kept, added, Draws: eta > 0 && (kind != SamplerKind.Ddpm || from.Timestep > 0));
    }

    // DDPM takes the noise of the sample about the clipped data, DDIM about the data as it was.
    protected override (Tensor Data, Tensor Source) Data(Tensor expected, Tensor x, NoiseLevel level)
    {
        if (ClipRange is not { } range)
            return (expected, expected);
        var clipped = expected.Clamp(-range, range);
        return (clipped, kind == SamplerKind.Ddpm ? clipped : expected);
    }
}
