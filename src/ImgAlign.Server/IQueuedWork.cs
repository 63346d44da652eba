namespace ImgAlign.Server;

/// <summary>
/// Work other than pictures that a worker does when a <see cref="WorkQueue"/> asks for it. Register it in the worker's container. A piece
/// may be begun again after a worker has died in it, so that doing it twice must be the same as doing it once.
/// </summary>
public interface IQueuedWork
{
    /// <summary>The name by which a <see cref="WorkQueue"/> asks for it.</summary>
    string Kind { get; }

    /// <summary>Does one piece.</summary>
    /// <param name="argument">What the caller gave for this piece.</param>
    /// <param name="cancellationToken">Ends the work: it was cancelled, or the worker stops and the piece will be another's.</param>
    Task RunAsync(string argument, CancellationToken cancellationToken);
}
