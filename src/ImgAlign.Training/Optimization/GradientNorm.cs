using static TorchSharp.torch;

namespace ImgAlign.Training.Optimization;

/// <summary>The length of all gradients together, and its limit (<c>torch.nn.utils.clip_grad_norm_</c>).</summary>
public static class GradientNorm
{
    /// <summary>Measures the gradients and, where they are longer than the limit, scales them in place.</summary>
    /// <param name="gradients">The gradients.</param>
    /// <param name="maxNorm">The greatest L2 norm that is left as it is; null: there is no limit.</param>
    /// <returns>The L2 norm before.</returns>
    public static double Clip(IReadOnlyList<Tensor> gradients, double? maxNorm)
    {
        ArgumentNullException.ThrowIfNull(gradients);
        var norm = Measure(gradients);
        Limit(gradients, norm, maxNorm);
        return norm;
    }

    /// <summary>The L2 norm of all gradients together.</summary>
    internal static double Measure(IReadOnlyList<Tensor> gradients)
    {
        if (gradients.Count == 0)
            return 0;
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        return stack(gradients.Select(NormOf)).norm().to(float64).item<double>();
    }

    /// <summary>Scales gradients in place where their norm, which may be that of more gradients than these, is over the limit.</summary>
    internal static void Limit(IReadOnlyList<Tensor> gradients, double norm, double? maxNorm)
    {
        if (maxNorm is not { } limit || limit / (norm + 1e-6) is not (< 1 and var scale))
            return;
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        foreach (var gradient in gradients)
            gradient.TimesInPlace(scale);
    }

    // In float32 at least: the sum of the squares of 16-bit numbers would be of no use.
    private static Tensor NormOf(Tensor gradient)
    {
        using var scope = NewDisposeScope(); // a copy lasts no longer than it is needed
        return (gradient.dtype == float64 ? gradient : gradient.to(float32)).norm().MoveToOuterDisposeScope();
    }
}
