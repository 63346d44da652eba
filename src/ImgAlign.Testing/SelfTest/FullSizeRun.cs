using ImgAlign.Runtime;

namespace ImgAlign.Testing.SelfTest;

/// <summary>One step of a network of published size, and what it took.</summary>
public sealed class FullSizeRun
{
    private readonly float[] output;

    internal FullSizeRun(float[] output) => this.output = output;

    /// <summary>Whether its weights were all on the device, or came block by block.</summary>
    public ResidencyPolicy Residency { get; internal init; }

    /// <summary>How long it took to make the weights, but for blocks that come with their turn, and to bring them to the device.</summary>
    public TimeSpan Loading { get; internal init; }

    /// <summary>
    /// How long the step took until its result was on the host: the second of two where all weights were there, else the only one, in which
    /// they were made.
    /// </summary>
    public TimeSpan Step { get; internal init; }

    /// <summary>
    /// The most memory in use: of the process on the CPU; of the whole device on a GPU, where libtorch keeps what earlier runs have freed;
    /// null where the system does not tell.
    /// </summary>
    public long? PeakMemoryBytes { get; internal init; }

    /// <summary>
    /// How far its result is from another run's: the root mean square of the difference, in root mean squares of the other; NaN where a
    /// number is not finite.
    /// </summary>
    /// <param name="reference">A run of the same test.</param>
    internal double ErrorAgainst(FullSizeRun reference)
    {
        double difference = 0,
            size = 0;
        foreach (var (value, expected) in output.Zip(reference.output))
        {
            difference += Math.Pow((double)value - expected, 2);
            size += Math.Pow(expected, 2);
        }
        return double.IsFinite(difference) ? Math.Sqrt(difference / size) : double.NaN;
    }
}
