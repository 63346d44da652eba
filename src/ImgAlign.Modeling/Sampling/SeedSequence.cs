namespace ImgAlign.Sampling;

/// <summary>Seeds that follow from a seed, so that any of them can be had without those before it (SplitMix64).</summary>
public static class SeedSequence
{
    /// <summary>The seed at a place.</summary>
    /// <param name="seed">The seed of the sequence.</param>
    /// <param name="place">The place, from 0.</param>
    public static long At(long seed, long place)
    {
        var z = (ulong)seed + ((ulong)place + 1) * 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return (long)(z ^ (z >> 31));
    }

    /// <summary>The seed of an item's further noise, which no other has: 32 bits, which is what the noise's generator uses of a seed.</summary>
    /// <param name="seed">The item's seed, which its first noise has.</param>
    /// <param name="number">Which further noise, from 0.</param>
    public static long OtherNoise(long seed, int number) => (long)((ulong)At(seed, number) >> 32);

    /// <summary>A whole number below a limit.</summary>
    /// <param name="seed">A seed.</param>
    /// <param name="limit">The limit, at least 1.</param>
    public static int Below(long seed, int limit) => (int)((ulong)At(seed, 0) % (ulong)limit);
}
