using ImgAlign.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Runtime;

/// <summary>
/// Looks at what a stage gives, once: a single NaN would become a black picture. Only where numbers are not finite are the weights that
/// they come from looked through for the one at fault.
/// </summary>
public static class FiniteNumbers
{
    /// <summary>Checks the result of a stage.</summary>
    /// <param name="numbers">The result; borrowed. What is on the meta device has no numbers.</param>
    /// <param name="what">What it is, as the begin of a sentence, in the plural.</param>
    /// <param name="networks">The networks that it comes from; null where one is not in use.</param>
    /// <exception cref="CheckpointException">A weight is not finite, or not in the type that the network runs in.</exception>
    /// <exception cref="ImgAlignException">The result is not finite, and all weights are.</exception>
    public static void Require(Tensor numbers, string what, params IEnumerable<IResident?> networks)
    {
        if (numbers.device_type == DeviceType.META || AreAll(numbers))
            return;
        foreach (var network in networks)
            network?.RequireFiniteWeights();
        throw new ImgAlignException(
            $"{what} are not finite numbers (NaN or infinity), although all weights are: a scale is too large (guidance, LoRA, "
                + "image prompt), "
                + "or the precision is too small; lower the scales, or compute in bfloat16 or float32 in place of float16."
        );
    }

    /// <summary>Whether all numbers of a tensor are finite.</summary>
    public static bool AreAll(Tensor numbers)
    {
        using var scope = NewDisposeScope();
        return numbers.to(float32).isfinite().all().item<bool>();
    }
}
