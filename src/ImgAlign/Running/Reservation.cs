using ImgAlign.Runtime;
using ImgAlign.Telemetry;

namespace ImgAlign.Running;

/// <summary>The sole right to run on several devices.</summary>
internal sealed class Reservation : IDisposable
{
    private readonly List<IDisposable> leases = [];

    /// <summary>Waits for devices, always in the same order, so that two runs never wait for each other.</summary>
    /// <exception cref="DeviceBusyException">As many runs as may wait for a device are waiting already.</exception>
    public static async Task<Reservation> OfAsync(IEnumerable<DeviceRuntime> devices, CancellationToken cancellationToken)
    {
        var reservation = new Reservation();
        try
        {
            foreach (var device in devices.Distinct().OrderBy(static device => device.Id))
                reservation.leases.Add(await WaitAsync(device, cancellationToken).ConfigureAwait(false));
            return reservation;
        }
        catch
        {
            reservation.Dispose();
            throw;
        }
    }

    private static async Task<IDisposable> WaitAsync(DeviceRuntime device, CancellationToken cancellationToken)
    {
        var tag = KeyValuePair.Create<string, object?>(TelemetryNames.Device, device.Name);
        Instruments.QueueLength.Add(1, tag);
        try
        {
            return await device.ReserveAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Instruments.QueueLength.Add(-1, tag);
        }
    }

    public void Dispose() => leases.ForEach(static lease => lease.Dispose());
}
