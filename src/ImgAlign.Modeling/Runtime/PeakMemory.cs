using System.Diagnostics;
using TorchSharp;

namespace ImgAlign.Runtime;

/// <summary>
/// Watches the memory in use while a run lasts: libtorch's own statistics are not within reach of TorchSharp. It is sampled; on the CPU the
/// system's own high-water mark counts too where the run has raised it, and then the peak is exact.
/// </summary>
public sealed class PeakMemory : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly torch.Device device;
    private readonly Timer timer;
    private readonly long highestBefore = HighestOfProcess();
    private long peakBytes;

    /// <summary>Begins to watch.</summary>
    /// <param name="device">The CPU, or a GPU.</param>
    public PeakMemory(torch.Device device)
    {
        this.device = device;
        timer = new Timer(_ => SampleOrStop(), null, Interval, Interval);
    }

    /// <summary>The most seen so far: of the process on the CPU, of the whole device on a GPU; null where the system does not
    /// tell.</summary>
    public long? Bytes
    {
        get
        {
            Sample();
            if (device.type == DeviceType.CPU && HighestOfProcess() is var highest && highest > highestBefore)
                return highest;
            return peakBytes == 0 ? null : peakBytes;
        }
    }

    /// <summary>Ends it.</summary>
    public void Dispose() => timer.Dispose();

    private static long HighestOfProcess()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }

    // An exception on a timer's thread would end the process; reading Bytes meets it again, on the caller's.
    private void SampleOrStop()
    {
        try
        {
            Sample();
        }
#pragma warning disable CA1031 // See above.
        catch (Exception)
#pragma warning restore CA1031
        {
            timer.Change(Timeout.Infinite, Timeout.Infinite);
        }
    }

    private void Sample()
    {
        var used =
            device.type == DeviceType.CPU ? Environment.WorkingSet
            : DeviceMemory.Query(device) is { } memory ? memory.TotalBytes - memory.FreeBytes
            : 0;
        long seen;
        while (used > (seen = Interlocked.Read(ref peakBytes)) && Interlocked.CompareExchange(ref peakBytes, used, seen) != seen) { }
    }
}
