using ImgAlign.Runtime;

namespace ImgAlign;

/// <summary>What a run took of one device.</summary>
/// <param name="estimate">The memory that it was expected to need there.</param>
/// <param name="peakMemoryBytes">The most memory in use while it ran, as far as it is known.</param>
/// <param name="usesWideGemm">Whether large float32 products ran on this library's own kernel.</param>
public sealed class DeviceReport(MemoryEstimate estimate, long? peakMemoryBytes, bool usesWideGemm)
{
    /// <summary>The memory that it was expected to need there.</summary>
    public MemoryEstimate Estimate { get; } = estimate;

    /// <summary>
    /// The most memory in use while it ran: of the process on the CPU, by the system's high-water mark or sampled; of the whole device on a
    /// GPU, sampled; null where the system does not tell.
    /// </summary>
    public long? PeakMemoryBytes { get; } = peakMemoryBytes;

    /// <summary>Whether large float32 products ran on this library's own kernel (<see cref="RuntimeOptions.UseWideGemm"/>), whose sums
    /// round otherwise.</summary>
    public bool UsesWideGemm { get; } = usesWideGemm;
}
