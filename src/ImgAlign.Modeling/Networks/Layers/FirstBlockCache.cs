using static TorchSharp.torch;

namespace ImgAlign.Networks.Layers;

/// <summary>
/// Skips the blocks of a transformer behind the first one, for each sample in the steps in which what the first block adds to it is nearly
/// what it added in the last step that ran all blocks: then what the others added is added again (First Block Cache of ParaAttention). Each
/// sample is decided on by itself, so that a picture does not depend on what it is computed with. It belongs to one conditioning, so that
/// branches of guidance that run apart do not meet.
/// </summary>
/// <param name="threshold">How far the first block's addition may be from its last one, relative, in the mean of absolute values.</param>
public sealed class FirstBlockCache(double threshold) : IDisposable
{
    // Of each sample, from the last step that ran all its blocks: what the first block added, and what the others did. [B, N, w]
    private Tensor? firstAddition;
    private Tensor? otherAddition;

    /// <summary>Which samples have to run the other blocks.</summary>
    /// <param name="input">What entered the first block, <c>[B, N, w]</c>.</param>
    /// <param name="output">What left it.</param>
    /// <returns>Indices of samples, ascending.</returns>
    public long[] Changed(Tensor input, Tensor output)
    {
        var samples = Enumerable.Range(0, (int)input.shape[0]);
        if (firstAddition is null)
            return [.. samples.Select(static sample => (long)sample)];
        using var scope = NewDisposeScope();
        long[] ofSample = [1, 2];
        var relative = (output - input - firstAddition).abs().mean(ofSample) / firstAddition.abs().mean(ofSample);
        var distances = relative.to(float32).cpu().data<float>();
        // Not "at least the threshold": what is no number has changed.
        return [.. samples.Where(sample => !(distances[sample] < threshold)).Select(static sample => (long)sample)];
    }

    /// <summary>The result of all blocks for all samples; remembers what the blocks added to those that ran them.</summary>
    /// <param name="input">What entered the first block, <c>[B, N, w]</c>.</param>
    /// <param name="output">What left it.</param>
    /// <param name="changed">The samples that ran the other blocks, at least those of <see cref="Changed"/>.</param>
    /// <param name="result">What left the last block for them, <c>[n, N, w]</c>.</param>
    /// <returns><c>[B, N, w]</c>; disposed by the caller.</returns>
    public Tensor Complete(Tensor input, Tensor output, long[] changed, Tensor result)
    {
        using var scope = NewDisposeScope();
        var samples = tensor(changed, int64, output.device);
        var enteredOthers = output.index_select(0, samples);
        firstAddition = Update(firstAddition, samples, enteredOthers - input.index_select(0, samples));
        otherAddition = Update(otherAddition, samples, result - enteredOthers);
        // Samples that ran all blocks have their result as it is, without the rounding of a difference.
        return output.Plus(otherAddition).index_copy_(0, samples, result).MoveToOuterDisposeScope();
    }

    /// <summary>Forgets everything.</summary>
    public void Dispose()
    {
        firstAddition?.Dispose();
        otherAddition?.Dispose();
    }

    // The first step has all samples.
    private static Tensor Update(Tensor? additions, Tensor samples, Tensor ofSamples) =>
        additions is null ? ofSamples.DetachFromDisposeScope() : additions.index_copy_(0, samples, ofSamples);
}
