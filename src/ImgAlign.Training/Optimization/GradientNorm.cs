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
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        // In float32 at least: the sum of the squares of 16-bit numbers would be of no use.
        var norms = gradients.Select(gradient => (gradient.dtype == float64 ? gradient : gradient.to(float32)).norm());
        var norm = stack(norms).norm().to(float64).item<double>();
        if (maxNorm is { } limit && limit / (norm + 1e-6) is < 1 and var scale)
        {
            foreach (var gradient in gradients)
                gradient.TimesInPlace(scale);
        }
        return norm;
    }
}
