using static TorchSharp.torch;

namespace ImgAlign.Sampling;

/// <summary>
/// Classifier-free guidance, <c>u + g (c - u)</c>: both branches run as one batch, the unconditional half first. Owns its conditionings.
/// </summary>
/// <param name="backbone">The network; borrowed.</param>
/// <param name="scale">g.</param>
/// <param name="startStep">The first step with guidance; those before it run the prompts' branch alone.</param>
internal sealed class Guidance(IDiffusionBackbone backbone, double scale, int startStep) : IDisposable
{
    /// <summary>Conditions the unconditional half and the prompts' half.</summary>
    public Conditioning? Both { get; set; }

    /// <summary>Conditions the prompts alone.</summary>
    public Conditioning? Prompts { get; set; }

    /// <summary>dx/dsigma with guidance.</summary>
    public Tensor Derivative(Tensor x, SigmaStep step)
    {
        if (step.Index < startStep) return backbone.Derivative(x, step, Prompts!);
        using var scope = NewDisposeScope();
        var halves = backbone.Derivative(cat([x, x]), step, Both!).chunk(2);
        return Combine(halves[0], halves[1], scale).MoveToOuterDisposeScope();
    }

    /// <summary><c>u + g (c - u)</c>.</summary>
    public static Tensor Combine(Tensor unconditional, Tensor conditional, double scale) => unconditional + (conditional - unconditional) * scale;

    public void Dispose()
    {
        Both?.Dispose();
        Prompts?.Dispose();
    }
}
