using TorchSharp;

namespace ImgAlign;

/// <summary>Classifier-free guidance (Ho and Salimans, 2022), <c>u + scale (c - u)</c>.</summary>
/// <param name="scale">The scale; up to 1 there is no guidance.</param>
/// <param name="interval">The part of the steps that is guided; null: all of them.</param>
/// <param name="firstStep">The first step, from 0, that may be guided.</param>
/// <param name="rescale">How far the spread of the result is brought back to that of the prompt's branch, 0 to 1 (Lin et al., 2023, section
/// 3.4).</param>
public sealed class ClassifierFreeGuidance(double scale, GuidanceInterval? interval = null, int firstStep = 0, double rescale = 0)
    : IGuidance
{
    /// <inheritdoc/>
    public bool IsGuided(int step, int steps)
    {
        if (!(scale > 1) || step < firstStep)
            return false;
        return interval is not { } guided || (step >= (int)Math.Round(guided.Start * steps) && step < (int)Math.Round(guided.End * steps));
    }

    /// <inheritdoc/>
    public torch.Tensor Combine(torch.Tensor unconditional, torch.Tensor conditional)
    {
        using var scope = torch.NewDisposeScope();
        var guided = unconditional.Plus((conditional - unconditional).Times(scale));
        if (rescale == 0)
            return guided.MoveToOuterDisposeScope();
        long[] all = [.. Enumerable.Range(1, (int)guided.dim() - 1)];
        var narrower = guided * (conditional.std(all, keepdim: true) / guided.std(all, keepdim: true));
        return narrower.Times(rescale).PlusInPlace(guided, 1 - rescale).MoveToOuterDisposeScope();
    }
}
