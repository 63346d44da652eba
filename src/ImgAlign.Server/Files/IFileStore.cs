namespace ImgAlign.Server.Files;

/// <summary>
/// Where files of jobs are kept: on all machines the same place. Names are made by the server, of letters, digits, dots and hyphens, with
/// <c>/</c> between their parts.
/// </summary>
internal interface IFileStore
{
    /// <summary>Writes a file, whole or not at all, in the place of one that is there.</summary>
    /// <exception cref="StoreAwayException">The store cannot be reached now.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    Task WriteAsync(string name, byte[] content, CancellationToken cancellationToken);

    /// <summary>Reads a file; null: there is none.</summary>
    /// <exception cref="StoreAwayException">The store cannot be reached now.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    Task<byte[]?> ReadAsync(string name, CancellationToken cancellationToken);

    /// <summary>The files in a folder and in those below it.</summary>
    /// <param name="folder">The beginning of their names, which ends with <c>/</c>.</param>
    /// <param name="cancellationToken">Ends the listing.</param>
    /// <exception cref="StoreAwayException">The store cannot be reached now.</exception>
    /// <exception cref="IOException">The folder cannot be read.</exception>
    IAsyncEnumerable<StoredFile> ListAsync(string folder, CancellationToken cancellationToken);

    /// <summary>Deletes a file; where there is none, nothing is done.</summary>
    /// <exception cref="StoreAwayException">The store cannot be reached now.</exception>
    /// <exception cref="IOException">The file cannot be deleted.</exception>
    Task DeleteAsync(string name, CancellationToken cancellationToken);
}

/// <summary>A file of a store.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Written">When it was written.</param>
internal sealed record StoredFile(string Name, long Bytes, DateTimeOffset Written);

/// <summary>A store does not answer now; later it may.</summary>
internal sealed class StoreAwayException(string message, Exception inner) : Exception(message, inner);
