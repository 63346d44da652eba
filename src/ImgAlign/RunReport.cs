using ImgAlign.Runtime;

namespace ImgAlign;

/// <summary>What a run cost.</summary>
/// <param name="Duration">From its first computation to its last, without the wait for the device.</param>
/// <param name="Timings">Its stages in their order.</param>
/// <param name="Estimate">The memory that it was expected to need.</param>
/// <param name="PeakMemoryBytes">
/// The most memory in use while it ran: of the process on the CPU, by the system's high-water mark or sampled; of the whole device on a GPU,
/// sampled; null where the system does not tell.
/// </param>
public sealed record RunReport(TimeSpan Duration, IReadOnlyList<StageTiming> Timings, MemoryEstimate Estimate, long? PeakMemoryBytes);
