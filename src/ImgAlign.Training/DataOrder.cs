using ImgAlign.Sampling;

namespace ImgAlign.Training;

/// <summary>
/// The order in which a run goes through a data set: every epoch a permutation of its own that follows from the seed. Any position can be
/// asked for, so that a run continues by a number.
/// </summary>
/// <param name="count">The number of samples.</param>
/// <param name="seed">The seed.</param>
/// <param name="shuffle">Whether epochs are shuffled; otherwise samples come in their own order.</param>
internal sealed class DataOrder(int count, long seed, bool shuffle = true)
{
    private int[] permutation = [];
    private long permutedEpoch = -1;

    /// <summary>What is drawn at a position.</summary>
    /// <param name="position">From 0.</param>
    public SampleDraw At(long position)
    {
        var (epoch, place) = (position / count, (int)(position % count));
        return new SampleDraw(position, shuffle ? Permutation(epoch)[place] : place, SeedSequence.At(seed, position));
    }

    private int[] Permutation(long epoch)
    {
        if (epoch == permutedEpoch)
            return permutation;
        permutation = [.. Enumerable.Range(0, count)];
        var epochSeed = SeedSequence.At(~seed, epoch);
        for (var last = count - 1; last > 0; last--)
        {
            var other = SeedSequence.Below(SeedSequence.At(epochSeed, last), last + 1);
            (permutation[last], permutation[other]) = (permutation[other], permutation[last]);
        }
        permutedEpoch = epoch;
        return permutation;
    }
}
