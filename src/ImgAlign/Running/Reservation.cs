using ImgAlign.Runtime;

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
                reservation.leases.Add(await device.ReserveAsync(cancellationToken).ConfigureAwait(false));
            return reservation;
        }
        catch
        {
            reservation.Dispose();
            throw;
        }
    }

    public void Dispose() => leases.ForEach(static lease => lease.Dispose());
}
