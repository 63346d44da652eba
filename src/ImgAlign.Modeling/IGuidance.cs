using TorchSharp;

namespace ImgAlign;

/// <summary>How the estimates with and without the prompt become one.</summary>
public interface IGuidance
{
    /// <summary>Whether a step needs the estimate without the prompt; where it does not, the prompt's estimate counts as it is and the
    /// other is not computed.</summary>
    /// <param name="step">The step's position, from 0.</param>
    /// <param name="steps">The number of steps.</param>
    bool IsGuided(int step, int steps);

    /// <summary>Combines what the network says in the two branches.</summary>
    /// <param name="unconditional">Without the prompt, <c>[B, C, h, w]</c>; borrowed.</param>
    /// <param name="conditional">With the prompt, <c>[B, C, h, w]</c>; borrowed.</param>
    /// <returns><c>[B, C, h, w]</c>; disposed by the caller.</returns>
    torch.Tensor Combine(torch.Tensor unconditional, torch.Tensor conditional);
}
