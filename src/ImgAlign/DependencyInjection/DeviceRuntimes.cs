using ImgAlign.Runtime;
using Microsoft.Extensions.Options;

namespace ImgAlign.DependencyInjection;

/// <summary>The devices of a container, each made when it is first asked for.</summary>
internal sealed class DeviceRuntimes(IOptions<ImgAlignOptions> options) : IAsyncDisposable, IDisposable
{
    private readonly Dictionary<string, DeviceRuntime> runtimes = [];
    private readonly Lock changing = new();

    /// <summary>A device by its name.</summary>
    /// <param name="name">A name in <see cref="ImgAlignOptions.Devices"/>, or a device such as <c>cuda:1</c>, which then runs by the
    /// container's own options; null: the container's own device.</param>
    /// <exception cref="ImgAlignException">The device is not known or absent.</exception>
    public DeviceRuntime Get(string? name)
    {
        var key = Canonical(name ?? options.Value.Device);
        lock (changing)
        {
            if (runtimes.TryGetValue(key, out var existing))
                return existing;
            return runtimes[key] = options.Value.Devices.TryGetValue(key, out var own)
                ? new DeviceRuntime(own, key)
                : new DeviceRuntime(options.Value.For(key));
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var runtime in runtimes.Values)
            await runtime.DisposeAsync().ConfigureAwait(false);
    }

    public void Dispose()
    {
        foreach (var runtime in runtimes.Values)
            runtime.Dispose();
    }

    private static string Canonical(string name) => name == "cuda" ? "cuda:0" : name;
}
