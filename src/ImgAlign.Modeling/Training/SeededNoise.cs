using ImgAlign.Sampling;
using static TorchSharp.torch;

namespace ImgAlign.Training;

/// <summary>Random numbers of samples: each sample's own seed draws its own, so that they are the same in any part of a batch.</summary>
public static class SeededNoise
{
    /// <summary>Unit normal noise.</summary>
    /// <param name="x">What it is to be like, <c>[B, ...]</c>.</param>
    /// <param name="samples">The B samples.</param>
    public static Tensor Like(Tensor x, IReadOnlyList<SampleDraw> samples)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(samples);
        using var scope = NewDisposeScope();
        return stack(samples.Select(Draw)).to(x.dtype).to(x.device).MoveToOuterDisposeScope();

        Tensor Draw(SampleDraw sample)
        {
            using var noise = new TorchNoise(sample.Seed);
            return noise.Draw(x.shape[1..]);
        }
    }

    /// <summary>Whole numbers from 0 to below a limit, int64 <c>[B]</c> on the CPU.</summary>
    /// <param name="samples">The B samples.</param>
    /// <param name="limit">The limit.</param>
    /// <param name="purpose">Sets draws for different purposes apart.</param>
    public static Tensor Integers(IReadOnlyList<SampleDraw> samples, int limit, long purpose) =>
        tensor(samples.Select(sample => (long)SeedSequence.Below(SeedSequence.At(sample.Seed, purpose), limit)).ToArray());

    /// <summary>Whether something happens to each sample that happens with a probability, bool <c>[B]</c> on the CPU.</summary>
    /// <param name="samples">The B samples.</param>
    /// <param name="probability">The probability.</param>
    /// <param name="purpose">Sets draws for different purposes apart.</param>
    public static Tensor Happens(IReadOnlyList<SampleDraw> samples, double probability, long purpose) =>
        tensor(
            samples.Select(sample => SeedSequence.Below(SeedSequence.At(sample.Seed, purpose), 1 << 24) < probability * (1 << 24)).ToArray()
        );
}
