using static TorchSharp.torch;

namespace ImgAlign.Backbones;

/// <summary>Z-Image's guidance: classifier-free, whose scale counts from 0, up to a time, and with a limit of its norm.</summary>
/// <param name="inner">The guidance without what is Z-Image's own.</param>
/// <param name="times">The time of each step, from 0 (noise) to 1 (picture).</param>
/// <param name="settings">What is Z-Image's own.</param>
internal sealed class ZImageGuidance(IGuidance inner, IReadOnlyList<double> times, ZImageSettings settings) : IGuidance
{
    /// <inheritdoc/>
    public bool IsGuided(int step, int steps) => inner.IsGuided(step, steps) && times[step] <= settings.GuidanceEnd;

    /// <inheritdoc/>
    public Tensor Combine(Tensor unconditional, Tensor conditional)
    {
        var guided = inner.Combine(unconditional, conditional);
        if (settings.GuidanceNormLimit is not { } limit)
            return guided;
        using var scope = NewDisposeScope();
        using (guided)
        {
            var factor = (Norm(conditional) / Norm(guided)).Times(limit).Clamp(max: 1);
            return (guided * factor).MoveToOuterDisposeScope();
        }
    }

    // Of each picture, over all its numbers.
    private static Tensor Norm(Tensor x)
    {
        long[] all = [.. Enumerable.Range(1, (int)x.dim() - 1)];
        return x.Squared().sum(all, keepdim: true).sqrt();
    }
}
