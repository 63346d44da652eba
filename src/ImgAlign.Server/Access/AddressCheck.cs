using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace ImgAlign.Server.Access;

/// <summary>Refuses to start where others could call without a key.</summary>
internal sealed class AddressCheck(IServer server, IConfiguration configuration, AccessRules access) : IHostedLifecycleService
{
    /// <inheritdoc/>
    public Task StartingAsync(CancellationToken cancellationToken) => CheckAsync(configuration["urls"]?.Split(';') ?? []);

    /// <inheritdoc/>
    public Task StartedAsync(CancellationToken cancellationToken) => CheckAsync([]);

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private Task CheckAsync(IEnumerable<string> configured)
    {
        var addresses = configured.Concat(server.Features.Get<IServerAddressesFeature>()?.Addresses ?? []);
        if (!access.NeedsKey && addresses.FirstOrDefault(static address => !AccessRules.IsLoopback(address)) is { } open)
            throw new ImgAlignException(
                $"{open} can be reached from other machines, and no key is set; set the environment variable IMGALIGN_KEY, "
                    + "or serve on http://127.0.0.1."
            );
        return Task.CompletedTask;
    }
}
