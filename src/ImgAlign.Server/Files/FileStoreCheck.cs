using Microsoft.Extensions.Hosting;

namespace ImgAlign.Server.Files;

/// <summary>Asks the store of files at the start, so that wrong credentials are not found by the first job.</summary>
internal sealed class FileStoreCheck(JobFiles files) : IHostedService
{
    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            await files.CheckAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is StoreAwayException or IOException)
        {
            throw new ImgAlignException($"Results cannot be kept. {exception.Message}", exception);
        }
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
