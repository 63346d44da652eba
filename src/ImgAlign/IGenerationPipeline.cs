using ImgAlign.Runtime;

namespace ImgAlign;

/// <summary>Generates pictures from prompts with a diffusion model alone. Safe for many callers, as <see cref="IAlignmentPipeline"/>
/// is.</summary>
public interface IGenerationPipeline : IAsyncDisposable, IDisposable
{
    /// <summary>Generates pictures.</summary>
    /// <param name="request">What to make.</param>
    /// <param name="progress">Called with every update, in their order, on threads of the pool; it can neither end nor delay the run, and
    /// the last calls may come after the run has ended.</param>
    /// <param name="cancellationToken">Ends the run before its next step.</param>
    /// <exception cref="ArgumentException">The request cannot be met as it is; the message says what to change.</exception>
    /// <exception cref="DeviceBusyException">Too many runs are waiting.</exception>
    /// <exception cref="DeviceMemoryException">The run does not fit into memory.</exception>
    /// <exception cref="ImgAlignException">Weights cannot be read, or a computation did not give numbers.</exception>
    Task<GenerationResult> GenerateAsync(
        GenerationRequest request,
        IProgress<RunUpdate>? progress = null,
        CancellationToken cancellationToken = default
    );

    /// <summary>Generates pictures and yields what happens; the last update is <see cref="RunCompleted{TResult}"/>. Leaving the loop early
    /// cancels the run.</summary>
    /// <param name="request">What to make.</param>
    /// <param name="cancellationToken">Ends the run before its next step.</param>
    /// <exception cref="ArgumentException">As for <see cref="GenerateAsync"/>, as all others.</exception>
    IAsyncEnumerable<RunUpdate> StreamAsync(GenerationRequest request, CancellationToken cancellationToken = default);

    /// <summary>The memory that a request would need, one estimate a device, at the batch size that would be taken. Waits for
    /// nothing.</summary>
    /// <param name="request">The request.</param>
    /// <exception cref="ArgumentException">The request cannot be met as it is.</exception>
    IReadOnlyList<MemoryEstimate> EstimateMemory(GenerationRequest request);
}
