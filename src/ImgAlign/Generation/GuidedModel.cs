using ImgAlign.Sampling;
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
/// The data behind the samples of one batch, with guidance: the two branches run as one batch or one after the other, and a step that is
/// not guided runs the prompts' branch alone. Owns its conditionings.
/// </summary>
internal sealed class GuidedModel : IDisposable
{
    private readonly IDiffusionBackbone backbone;
    private readonly IGuidance guidance;
    private readonly NoiseSchedule schedule;
    private readonly Conditioning? prompts;
    private readonly Conditioning? unconditional;
    private readonly Conditioning? both;

    /// <summary>Makes the conditionings that the steps need.</summary>
    /// <param name="backbone">The network; borrowed.</param>
    /// <param name="guidance">Combines the branches.</param>
    /// <param name="branches">How they are computed.</param>
    /// <param name="schedule">The steps.</param>
    /// <param name="condition">Conditions a branch. Not within a dispose scope of ours: it would take the conditionings' tensors
    /// along.</param>
    public GuidedModel(
        IDiffusionBackbone backbone,
        IGuidance guidance,
        GuidanceBranches branches,
        NoiseSchedule schedule,
        Func<Branch, Conditioning> condition
    )
    {
        (this.backbone, this.guidance, this.schedule) = (backbone, guidance, schedule);
        var guided = Enumerable.Range(schedule.First, schedule.StepsToRun).Count(IsGuided);
        var isApart = branches == GuidanceBranches.Apart && guided > 0;
        try
        {
            if (isApart || guided < schedule.StepsToRun)
                prompts = condition(Branch.Prompts);
            if (isApart)
                unconditional = condition(Branch.Unconditional);
            else if (guided > 0)
                both = condition(Branch.Both);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The data that the network expects behind the noise.</summary>
    public Tensor Estimate(Tensor x, int step, NoiseLevel level)
    {
        using var scope = NewDisposeScope();
        return schedule.ToData(Predict(x, step, level), x, level).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        prompts?.Dispose();
        unconditional?.Dispose();
        both?.Dispose();
    }

    private Tensor Predict(Tensor x, int step, NoiseLevel level)
    {
        if (!IsGuided(step))
            return backbone.Predict(x, level, prompts!);
        Tensor[] branches = both is null
            ? [backbone.Predict(x, level, unconditional!), backbone.Predict(x, level, prompts!)]
            : backbone.Predict(cat([x, x]), level, both).chunk(2);
        return guidance.Combine(branches[0], branches[1]);
    }

    private bool IsGuided(int step) => guidance.IsGuided(step, schedule.Steps);
}
