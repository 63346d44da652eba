using ImgAlign.Runtime;

namespace ImgAlign;

/// <summary>
/// Implicit Multimodal Guidance (IMG, section 3): from prompts to pictures that show what the prompts say. Safe for many callers: on a
/// device one run is computed at a time, in the order in which they asked.
/// </summary>
public interface IAlignmentPipeline : IAsyncDisposable, IDisposable
{
    /// <summary>Aligns pictures.</summary>
    /// <param name="request">What to make.</param>
    /// <param name="progress">Called with every update, in their order, on threads of the pool; it can neither end nor delay the run, and
    /// the last calls may come after the run has ended.</param>
    /// <param name="cancellationToken">Ends the run before its next step.</param>
    /// <exception cref="ArgumentException">The request cannot be met as it is; the message says what to change.</exception>
    /// <exception cref="DeviceBusyException">Too many runs are waiting.</exception>
    /// <exception cref="DeviceMemoryException">The run does not fit into memory.</exception>
    /// <exception cref="ImgAlignException">Weights cannot be read, or a computation did not give numbers.</exception>
    Task<AlignmentResult> AlignAsync(
        AlignmentRequest request,
        IProgress<RunUpdate>? progress = null,
        CancellationToken cancellationToken = default
    );

    /// <summary>Aligns pictures and yields what happens; the last update is <see cref="RunCompleted{TResult}"/>. Leaving the loop early
    /// cancels the run.</summary>
    /// <param name="request">What to make.</param>
    /// <param name="cancellationToken">Ends the run before its next step.</param>
    /// <exception cref="ArgumentException">As for <see cref="AlignAsync"/>, as all others.</exception>
    IAsyncEnumerable<RunUpdate> StreamAsync(AlignmentRequest request, CancellationToken cancellationToken = default);

    /// <summary>Has the detector say in words what is wrong with pictures.</summary>
    /// <param name="items">The pictures, each with its prompt; a question that is not given is drawn by the seed.</param>
    /// <param name="maxNewTokens">The most tokens of an answer, 1 to 4096.</param>
    /// <param name="cancellationToken">Ends the run before its next token.</param>
    /// <returns>One answer a picture.</returns>
    /// <exception cref="ArgumentException">As for <see cref="AlignAsync"/>, as all others.</exception>
    Task<IReadOnlyList<string>> DescribeAsync(
        IReadOnlyList<AlignmentItem> items,
        int maxNewTokens = 128,
        CancellationToken cancellationToken = default
    );

    /// <summary>The memory that a request would need, one estimate a device, at the batch size that would be taken. Waits for
    /// nothing.</summary>
    /// <param name="request">The request.</param>
    /// <exception cref="ArgumentException">The request cannot be met as it is.</exception>
    IReadOnlyList<MemoryEstimate> EstimateMemory(AlignmentRequest request);
}
