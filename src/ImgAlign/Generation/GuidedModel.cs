using static TorchSharp.torch;

namespace ImgAlign.Generation;

/// <summary>Which prompts an estimate is made for.</summary>
internal enum Branch
{
    /// <summary>The items' prompts.</summary>
    Prompts,

    /// <summary>Their negative prompts, or the family's unconditional one.</summary>
    Unconditional,

    /// <summary>Both as one batch, the unconditional half first.</summary>
    Both,
}

/// <summary>
/// dx/dsigma of one batch with guidance: the two branches run as one batch or one after the other, and a step that is not guided runs the prompts' branch
/// alone. Owns its conditionings.
/// </summary>
internal sealed class GuidedModel : IDisposable
{
    private readonly IDiffusionBackbone backbone;
    private readonly IGuidance guidance;
    private readonly int steps;
    private readonly Conditioning? prompts;
    private readonly Conditioning? unconditional;
    private readonly Conditioning? both;

    /// <summary>Makes the conditionings that the steps need.</summary>
    /// <param name="backbone">The network; borrowed.</param>
    /// <param name="guidance">Combines the branches.</param>
    /// <param name="branches">How they are computed.</param>
    /// <param name="steps">The number of steps.</param>
    /// <param name="condition">Conditions a branch. Not within a dispose scope of ours: it would take the conditionings' tensors along.</param>
    public GuidedModel(IDiffusionBackbone backbone, IGuidance guidance, GuidanceBranches branches, int steps, Func<Branch, Conditioning> condition)
    {
        (this.backbone, this.guidance, this.steps) = (backbone, guidance, steps);
        var guided = Enumerable.Range(0, steps).Count(step => guidance.IsGuided(step, steps));
        var isApart = branches == GuidanceBranches.Apart && guided > 0;
        try
        {
            if (isApart || guided < steps) prompts = condition(Branch.Prompts);
            if (isApart) unconditional = condition(Branch.Unconditional);
            else if (guided > 0) both = condition(Branch.Both);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>dx/dsigma with guidance.</summary>
    public Tensor Derivative(Tensor x, int step, NoiseLevel level)
    {
        if (!guidance.IsGuided(step, steps)) return backbone.Derivative(x, level, prompts!);
        using var scope = NewDisposeScope();
        Tensor[] branches = both is null
            ? [backbone.Derivative(x, level, unconditional!), backbone.Derivative(x, level, prompts!)]
            : backbone.Derivative(cat([x, x]), level, both).chunk(2);
        return guidance.Combine(branches[0], branches[1]).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        prompts?.Dispose();
        unconditional?.Dispose();
        both?.Dispose();
    }
}
