using TorchSharp;

namespace ImgAlign;

/// <summary>Classifier-free guidance (Ho and Salimans, 2022), <c>u + scale (c - u)</c>.</summary>
/// <param name="scale">The scale; up to 1 there is no guidance.</param>
/// <param name="interval">The part of the steps that is guided; null: all of them.</param>
/// <param name="firstStep">The first step, from 0, that may be guided.</param>
public sealed class ClassifierFreeGuidance(double scale, GuidanceInterval? interval = null, int firstStep = 0) : IGuidance
{
    /// <inheritdoc/>
    public bool IsGuided(int step, int steps)
    {
        if (!(scale > 1) || step < firstStep) return false;
        return interval is not { } guided || (step >= (int)Math.Round(guided.Start * steps) && step < (int)Math.Round(guided.End * steps));
    }

    /// <inheritdoc/>
    public torch.Tensor Combine(torch.Tensor unconditional, torch.Tensor conditional)
    {
        using var scope = torch.NewDisposeScope();
        return unconditional.Plus((conditional - unconditional).Times(scale)).MoveToOuterDisposeScope();
    }
}
