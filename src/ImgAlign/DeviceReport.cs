using ImgAlign.Runtime;

namespace ImgAlign;

/// <summary>What a run took of one device.</summary>
/// <param name="Estimate">The memory that it was expected to need there.</param>
/// <param name="PeakMemoryBytes">
/// The most memory in use while it ran: of the process on the CPU, by the system's high-water mark or sampled; of the whole device on a GPU,
/// sampled; null where the system does not tell.
/// </param>
public sealed record DeviceReport(MemoryEstimate Estimate, long? PeakMemoryBytes);
