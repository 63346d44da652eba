using static TorchSharp.torch;

namespace ImgAlign.Networks.Layers;

/// <summary>
/// Skips the blocks of a transformer behind the first one, in steps in which what the first one adds is nearly what it added in the last step
/// that ran all blocks: then what the others added is added again (First Block Cache of ParaAttention). It belongs to one conditioning, so that
/// branches of guidance that run apart do not meet.
/// </summary>
/// <param name="threshold">How far the first block's addition may be from its last one, relative, in the mean of absolute values, for every sample.</param>
public sealed class FirstBlockCache(double threshold) : IDisposable
{
    private Tensor? firstAddition;
    private Tensor? firstOutput;  // until the other blocks have run
    private Tensor? otherAddition;

    /// <summary>The result of all blocks, or null where they have to run.</summary>
    /// <param name="input">What entered the first block, <c>[B, N, w]</c>.</param>
    /// <param name="output">What left it.</param>
    public Tensor? TrySkip(Tensor input, Tensor output)
    {
        using var scope = NewDisposeScope();
        var addition = output - input;
        if (otherAddition is not null && Distance(addition, firstAddition!) < threshold) return output.Plus(otherAddition).MoveToOuterDisposeScope();
        Dispose();
        (firstAddition, firstOutput) = (addition.DetachFromDisposeScope(), output.alias().DetachFromDisposeScope());
        return null;
    }

    /// <summary>Remembers what the other blocks have added.</summary>
    /// <param name="result">What left the last block.</param>
    public void Keep(Tensor result)
    {
        otherAddition = (result - firstOutput!).DetachFromDisposeScope();
        firstOutput!.Dispose();
        firstOutput = null;
    }

    /// <summary>Forgets everything.</summary>
    public void Dispose()
    {
        foreach (var tensor in new[] { firstAddition, firstOutput, otherAddition }) tensor?.Dispose();
        firstAddition = firstOutput = otherAddition = null;
    }

    private static float Distance(Tensor addition, Tensor last)
    {
        long[] ofSample = [1, 2];
        return ((addition - last).abs().mean(ofSample) / last.abs().mean(ofSample)).max().to(float32).item<float>();
    }
}
