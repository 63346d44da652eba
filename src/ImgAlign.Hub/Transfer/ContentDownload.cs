using System.Buffers;
using System.Net;
using Polly;
using Polly.Retry;

namespace ImgAlign.Hub.Transfer;

/// <summary>
/// Fetches one file's content into a <see cref="PartialFile"/>: its missing parts over several connections, each resumed where it broke, or
/// the whole in one piece from a server that serves no parts; then verifies it.
/// </summary>
internal sealed class ContentDownload(
    HubRequests requests,
    HubOptions options,
    SemaphoreSlim connections,
    HubReference reference,
    Uri address,
    HubFile file,
    ByteCount arrived
)
{
    // A connection that brought this much before it broke does not count as a failed attempt.
    private const int WorthwhileProgress = 1 << 20;
    private const int BufferSize = 1 << 18;
    private const int Attempts = 2;

    /// <summary>Where the last answer came from after redirects: a signed address, good for the next parts until it expires.</summary>
    private volatile Uri? _location;

    /// <summary>Leaves the whole, verified content at <paramref name="path"/>, which also holds what an earlier run began.</summary>
    public async Task RunAsync(string path, CancellationToken cancellationToken)
    {
        for (var attempt = 1; attempt <= Attempts; attempt++)
        {
            arrived.Restart();
            _location = null;
            var isVerified = false;
            var isOfUse = false;
            using var partial = PartialFile.Open(path, file.Size, options.PartSize);
            try
            {
                isVerified = await FetchAndVerifyAsync(partial, cancellationToken).ConfigureAwait(false);
                isOfUse = isVerified;
            }
            catch
            {
                isOfUse = partial.HasParts;
                throw;
            }
            finally
            {
                if (!isOfUse)
                    File.Delete(path);
            }
            if (!isVerified)
                continue;
            partial.Finish();
            return;
        }
        throw new HubException(
            HubError.Corrupt,
            $"{file.Path} of {reference} came with another content than its checksum {file.Checksum}, {Attempts} times: "
                + "something between the hub and this machine changes it. Try again later or over another network."
        );
    }

    private async Task<bool> FetchAndVerifyAsync(PartialFile partial, CancellationToken cancellationToken)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var checksum = Task.Run(() => partial.ChecksumAsync(file.Checksum, both.Token), CancellationToken.None);
        try
        {
            await FetchAsync(partial, cancellationToken).ConfigureAwait(false);
            return await checksum.ConfigureAwait(false) == file.Checksum;
        }
        catch
        {
            await both.CancelAsync().ConfigureAwait(false);
            await ((Task)checksum).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }

    private async Task FetchAsync(PartialFile partial, CancellationToken cancellationToken)
    {
        FilePart[] missing = [.. partial.Missing];
        arrived.Add(file.Size - missing.Sum(part => part.Length));
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = options.Connections, CancellationToken = cancellationToken };
        try
        {
            await Parallel.ForEachAsync(missing, parallel, FetchAsync).ConfigureAwait(false);
        }
        catch (RangesNotServedException)
        {
            arrived.Restart();
            await FetchPartAsync(partial, partial.Whole, cancellationToken).ConfigureAwait(false);
        }

        async ValueTask FetchAsync(FilePart part, CancellationToken token) =>
            await FetchPartAsync(partial, part, token).ConfigureAwait(false);
    }

    private async Task FetchPartAsync(PartialFile partial, FilePart part, CancellationToken cancellationToken)
    {
        var isWhole = part == partial.Whole;
        var position = part.Start;
        var furthest = part.Start;
        await RepeatedWhenBroken()
            .ExecuteAsync(
                async token =>
                {
                    while (true)
                    {
                        try
                        {
                            await ReadAsync(token).ConfigureAwait(false);
                            return;
                        }
                        catch (BrokenTransferException) when (position >= furthest + WorthwhileProgress)
                        {
                            furthest = position;
                        }
                    }
                },
                cancellationToken
            )
            .ConfigureAwait(false);
        partial.Complete(part);

        async ValueTask ReadAsync(CancellationToken token)
        {
            await connections.WaitAsync(token).ConfigureAwait(false);
            try
            {
                using var response = await OpenAsync(position, isWhole ? null : part.End, token).ConfigureAwait(false);
                if (response.StatusCode != HttpStatusCode.PartialContent)
                {
                    if (!isWhole)
                        throw new RangesNotServedException();
                    arrived.Add(part.Start - position);
                    position = part.Start;
                    if (response.StatusCode != HttpStatusCode.OK)
                        throw new BrokenTransferException($"the server answers {(int)response.StatusCode}");
                }
                CheckExtent(response, position, part.End);
                await CopyAsync(response, token).ConfigureAwait(false);
            }
            finally
            {
                connections.Release();
            }
        }

        async Task CopyAsync(HttpResponseMessage response, CancellationToken token)
        {
            using var content = await response.Content.ReadAsStreamAsync(token).ConfigureAwait(false);
            using var stall = CancellationTokenSource.CreateLinkedTokenSource(token);
            var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
            try
            {
                while (position < part.End)
                {
                    var count = await ReadSomeAsync(
                            content,
                            buffer.AsMemory(0, (int)Math.Min(buffer.Length, part.End - position)),
                            stall,
                            token
                        )
                        .ConfigureAwait(false);
                    partial.Write(buffer.AsSpan(0, count), position);
                    position += count;
                    arrived.Add(count);
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }

    /// <summary>An answer with content from <paramref name="start"/>, from where the last one came, or by way of the hub if that is of no
    /// use any more.</summary>
    private async Task<HttpResponseMessage> OpenAsync(long start, long? end, CancellationToken cancellationToken)
    {
        if (_location is { } location)
        {
            try
            {
                return await requests.GetContentAsync(location, start, end, reference, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (e is HubException or BrokenTransferException)
            {
                _location = null;
            }
        }
        var response = await requests.GetContentAsync(address, start, end, reference, cancellationToken).ConfigureAwait(false);
        _location = response.RequestMessage!.RequestUri;
        return response;
    }

    private void CheckExtent(HttpResponseMessage response, long start, long end)
    {
        var headers = response.Content.Headers;
        var whole = response.StatusCode == HttpStatusCode.OK ? headers.ContentLength : headers.ContentRange?.Length;
        if (whole is { } length && length != file.Size)
            throw new BrokenTransferException($"the server has {length} bytes of it instead of {file.Size}");
        if (headers.ContentRange is { } range && (range.From != start || range.To + 1 < end))
            throw new BrokenTransferException($"the server sent bytes {range.From} to {range.To} instead of {start} to {end - 1}");
    }

    private async ValueTask<int> ReadSomeAsync(
        Stream content,
        Memory<byte> buffer,
        CancellationTokenSource stall,
        CancellationToken cancellationToken
    )
    {
        try
        {
            stall.CancelAfter(options.DownloadTimeout);
            var count = await content.ReadAsync(buffer, stall.Token).ConfigureAwait(false);
            return count > 0 ? count : throw new BrokenTransferException("the connection ended early");
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new BrokenTransferException($"nothing came for {options.DownloadTimeout.TotalSeconds:0.#} s", e);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw new BrokenTransferException($"the connection broke ({e.Message.TrimEnd('.')})", e);
        }
    }

    private ResiliencePipeline RepeatedWhenBroken() =>
        new ResiliencePipelineBuilder()
            .AddRetry(
                new RetryStrategyOptions
                {
                    ShouldHandle = new PredicateBuilder().Handle<BrokenTransferException>(),
                    MaxRetryAttempts = options.Retries,
                    Delay = options.RetryDelay,
                    BackoffType = DelayBackoffType.Exponential,
                    UseJitter = true,
                }
            )
            .Build();
}
