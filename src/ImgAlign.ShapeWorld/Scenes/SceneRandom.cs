using ImgAlign.Sampling;

namespace ImgAlign.ShapeWorld.Scenes;

/// <summary>
/// A stream of random numbers that belongs to one sample (<see cref="SeedSequence"/>): sample i of a seed is the same in whatever order
/// samples are made, on every platform.
/// </summary>
internal sealed class SceneRandom
{
    private readonly long start;
    private long drawn;

    /// <summary>Begins a stream.</summary>
    /// <param name="seed">The seed of the data set.</param>
    /// <param name="index">The sample in it.</param>
    public SceneRandom(long seed, long index) => start = SeedSequence.At(SeedSequence.At(seed, 0), index - 1);

    /// <summary>64 random bits.</summary>
    public ulong Next() => (ulong)SeedSequence.At(start, drawn++);

    /// <summary>An integer from 0 to below a limit.</summary>
    /// <param name="limit">At least 1.</param>
    public int Below(int limit) => (int)((Next() >> 32) * (ulong)limit >> 32);

    /// <summary>A number from 0 to below 1.</summary>
    public double Uniform() => (Next() >> 11) * (1.0 / (1L << 53));

    /// <summary>A number between two limits.</summary>
    /// <param name="low">The lower limit.</param>
    /// <param name="high">The upper limit.</param>
    public double Between(double low, double high) => low + (high - low) * Uniform();

    /// <summary>A unit normal number (Box and Muller).</summary>
    public double Normal()
    {
        var radius = Math.Sqrt(-2 * Math.Log(1 - Uniform()));
        return radius * Math.Cos(2 * Math.PI * Uniform());
    }

    /// <summary>One of several.</summary>
    /// <param name="choices">At least one.</param>
    public T Choose<T>(IReadOnlyList<T> choices)
    {
        ArgumentNullException.ThrowIfNull(choices);
        return choices[Below(choices.Count)];
    }
}
