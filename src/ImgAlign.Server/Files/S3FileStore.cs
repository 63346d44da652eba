using System.Net;
using System.Runtime.CompilerServices;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;

namespace ImgAlign.Server.Files;

/// <summary>
/// Files in a bucket of S3, or of a store that speaks its protocol. Credentials, region and the address of the store are where Amazon's
/// tools look for them, such as <c>AWS_ACCESS_KEY_ID</c>, <c>AWS_REGION</c> and <c>AWS_ENDPOINT_URL</c>.
/// </summary>
internal sealed class S3FileStore : IFileStore, IDisposable
{
    /// <summary>What addresses of such stores begin with.</summary>
    public const string Scheme = "s3";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    // Of a link that is slow, but not taken for broken.
    private const double BytesPerSecond = 50_000;

    private readonly AmazonS3Client client;
    private readonly string bucket;
    private readonly string prefix;

    /// <summary>Connects to a bucket; nothing is asked of it yet.</summary>
    /// <param name="address">The bucket and what names of files begin with: <c>s3://BUCKET/PREFIX</c>.</param>
    /// <exception cref="ImgAlignException">It is no such address.</exception>
    public S3FileStore(string address)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Scheme != Scheme || uri.Host.Length == 0)
            throw new ImgAlignException($"The address of results is '{address}'; use s3://BUCKET or s3://BUCKET/PREFIX.");
        bucket = uri.Host;
        prefix = uri.AbsolutePath.Trim('/') is { Length: > 0 } path ? path + "/" : "";
        client = new AmazonS3Client(
            new AmazonS3Config
            {
                Timeout = Timeout.InfiniteTimeSpan, // each request has its own, which grows with what is sent
                MaxErrorRetry = 2,
                // What every store of this kind knows.
                ForcePathStyle = true,
                RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
                ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            }
        );
    }

    /// <inheritdoc/>
    public Task WriteAsync(string name, byte[] content, CancellationToken cancellationToken) =>
        AskAsync(
            PatienceFor(content.Length),
            async patience =>
            {
                using var stream = new MemoryStream(content, writable: false);
                var request = new PutObjectRequest
                {
                    BucketName = bucket,
                    Key = prefix + name,
                    InputStream = stream,
                    UseChunkEncoding = false, // not every store of this kind reads it
                };
                return await client.PutObjectAsync(request, patience.Token);
            },
            cancellationToken
        );

    /// <inheritdoc/>
    public Task<byte[]?> ReadAsync(string name, CancellationToken cancellationToken) =>
        AskAsync<byte[]?>(
            Patience,
            async patience =>
            {
                try
                {
                    using var answer = await client.GetObjectAsync(bucket, prefix + name, patience.Token);
                    patience.CancelAfter(PatienceFor(answer.ContentLength));
                    using var content = new MemoryStream();
                    await answer.ResponseStream.CopyToAsync(content, patience.Token);
                    return content.ToArray();
                }
                catch (AmazonS3Exception exception) when (exception.ErrorCode == "NoSuchKey")
                {
                    return null;
                }
            },
            cancellationToken
        );

    /// <inheritdoc/>
    public async IAsyncEnumerable<StoredFile> ListAsync(string folder, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var request = new ListObjectsV2Request { BucketName = bucket, Prefix = prefix + folder };
        do
        {
            var page = await AskAsync(Patience, patience => client.ListObjectsV2Async(request, patience.Token), cancellationToken);
            foreach (var file in page.S3Objects ?? [])
                yield return new StoredFile(file.Key[prefix.Length..], file.Size ?? 0, file.LastModified ?? DateTimeOffset.UtcNow);
            request.ContinuationToken = page.NextContinuationToken;
        } while (request.ContinuationToken is not null);
    }

    /// <inheritdoc/>
    public Task DeleteAsync(string name, CancellationToken cancellationToken) =>
        AskAsync(Patience, patience => client.DeleteObjectAsync(bucket, prefix + name, patience.Token), cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => client.Dispose();

    private static TimeSpan PatienceFor(long bytes) => Patience + TimeSpan.FromSeconds(bytes / BytesPerSecond);

    private async Task<T> AskAsync<T>(TimeSpan limit, Func<CancellationTokenSource, Task<T>> ask, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(limit);
        try
        {
            return await ask(patience);
        }
        catch (AmazonServiceException exception)
            when (exception.StatusCode is >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError
                && exception.StatusCode is not (HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests)
            )
        {
            throw new IOException($"The store s3://{bucket} refuses: {exception.Message}", exception);
        }
        catch (Exception exception) when (exception is AmazonServiceException or HttpRequestException or IOException or TimeoutException)
        {
            throw Away(exception);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw Away(new TimeoutException("it takes too long.", exception));
        }
        catch (AmazonClientException exception) // there are no credentials, or no region
        {
            throw new IOException($"The store s3://{bucket} cannot be asked: {exception.Message}", exception);
        }
    }

    private StoreAwayException Away(Exception exception) => new($"The store s3://{bucket} does not answer: {exception.Message}", exception);
}
