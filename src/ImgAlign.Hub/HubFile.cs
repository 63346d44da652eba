namespace ImgAlign.Hub;

/// <summary>A file of a repository at one commit.</summary>
/// <param name="Path">Its path in the repository, with <c>/</c> between folders.</param>
/// <param name="Size">Bytes.</param>
/// <param name="BlobId">Git's SHA-1 of the file, or of its pointer where <paramref name="LfsSha256"/> is set.</param>
/// <param name="LfsSha256">SHA-256 of the content of a large file.</param>
/// <param name="XetHash">The hub's own hash of a large file, which the cache notes down for other clients.</param>
public sealed record HubFile(string Path, long Size, string BlobId, string? LfsSha256 = null, string? XetHash = null)
{
    /// <summary>What the content is verified by, and its name among the blobs of the cache: SHA-256 (64 digits) or git's SHA-1 (40
    /// digits).</summary>
    public string Checksum => LfsSha256 ?? BlobId;
}
