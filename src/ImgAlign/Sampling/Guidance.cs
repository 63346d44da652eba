using static TorchSharp.torch;

namespace ImgAlign.Sampling;

/// <summary>Classifier-free guidance, <c>u + g (c - u)</c>. Owns its conditionings.</summary>
/// <param name="backbone">The network; borrowed.</param>
/// <param name="scale">g.</param>
/// <param name="startStep">The first step with guidance; those before it run the prompts' branch alone.</param>
/// <param name="endStep">The step behind the last one with guidance.</param>
internal sealed class Guidance(IDiffusionBackbone backbone, double scale, int startStep, int endStep = int.MaxValue) : IDisposable
{
    /// <summary>Conditions both branches as one batch, the unconditional half first; null where they run one after the other.</summary>
    public Conditioning? Both { get; set; }

    /// <summary>Conditions the unconditional branch, where it runs alone.</summary>
    public Conditioning? Unconditional { get; set; }

    /// <summary>Conditions the prompts' branch, where it runs alone.</summary>
    public Conditioning? Prompts { get; set; }

    /// <summary>dx/dsigma with guidance.</summary>
    public Tensor Derivative(Tensor x, SigmaStep step)
    {
        if (step.Index < startStep || step.Index >= endStep) return backbone.Derivative(x, step, Prompts!);
        using var scope = NewDisposeScope();
        Tensor[] branches = Both is null
            ? [backbone.Derivative(x, step, Unconditional!), backbone.Derivative(x, step, Prompts!)]
            : backbone.Derivative(cat([x, x]), step, Both).chunk(2);
        return Combine(branches[0], branches[1], scale).MoveToOuterDisposeScope();
    }

    /// <summary><c>u + g (c - u)</c>.</summary>
    public static Tensor Combine(Tensor unconditional, Tensor conditional, double scale) => unconditional.Plus((conditional - unconditional).Times(scale));

    public void Dispose()
    {
        Both?.Dispose();
        Unconditional?.Dispose();
        Prompts?.Dispose();
    }
}
