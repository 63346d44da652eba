using ImgAlign.Runtime;

namespace ImgAlign;

/// <summary>What a run cost.</summary>
/// <param name="Duration">From its first computation to its last, without the wait for the device.</param>
/// <param name="Timings">Its stages in their order.</param>
/// <param name="Estimate">The memory that it was expected to need.</param>
/// <param name="PeakMemoryBytes">
/// The most memory seen in use while it ran, sampled: of the process on the CPU, of the whole device on a GPU; null where the system does not tell.
/// </param>
public sealed record RunReport(TimeSpan Duration, IReadOnlyList<StageTiming> Timings, MemoryEstimate Estimate, long? PeakMemoryBytes);
