using System.Globalization;
using System.Runtime.InteropServices;
using TorchSharp;

namespace ImgAlign.Runtime;

/// <summary>The memory of a device at one moment.</summary>
public sealed class DeviceMemory
{
    private DeviceMemory(long totalBytes, long freeBytes) => (TotalBytes, FreeBytes) = (totalBytes, freeBytes);

    /// <summary>All that it has.</summary>
    public long TotalBytes { get; }

    /// <summary>What a process could still take.</summary>
    public long FreeBytes { get; }

    /// <summary>Asks the system; null where it does not tell.</summary>
    /// <param name="device">The CPU (host memory, within a container's limit) or a GPU.</param>
    public static DeviceMemory? Query(torch.Device device) =>
        device.type switch
        {
            DeviceType.CPU => QueryHost(),
            DeviceType.CUDA => QueryCuda(device.index),
            _ => null,
        };

    private static DeviceMemory QueryHost()
    {
        var collector = GC.GetGCMemoryInfo();
        var limit = collector.TotalAvailableMemoryBytes;
        var free = ReadMeminfo("MemAvailable") ?? limit - collector.MemoryLoadBytes;
        return new DeviceMemory(limit, Math.Max(0, Math.Min(free, limit - Environment.WorkingSet)));
    }

    private static long? ReadMeminfo(string name)
    {
        if (!OperatingSystem.IsLinux())
            return null;
        try
        {
            var line = File.ReadLines("/proc/meminfo").FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
            var kibibytes = line?.Split(' ', StringSplitOptions.RemoveEmptyEntries).ElementAtOrDefault(1);
            return long.TryParse(kibibytes, NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count * 1024 : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null; // some sandboxes hide it
        }
    }

    private static DeviceMemory? QueryCuda(int index)
    {
        if ((cuda ??= CudaRuntime.Find()) is not { } found)
            return null;
        DeviceMemory? memory = null;
        // A thread asks of the device that is set for it, and setting a device makes a context on it, also on the old one when that is set
        // back.
        // On a thread of its own nothing needs to be set back.
        var thread = new Thread(() =>
        {
            if (found.SetDevice(index) == 0 && found.MemGetInfo(out var free, out var total) == 0)
                memory = new DeviceMemory((long)total, (long)free);
        });
        thread.Start();
        thread.Join();
        return memory;
    }

    // Null until libtorch has loaded it.
    private static CudaRuntime? cuda;

    // TorchSharp has no memory queries, but the CUDA runtime that libtorch loaded answers.
    private sealed record CudaRuntime(CudaRuntime.SetDeviceFunction SetDevice, CudaRuntime.MemGetInfoFunction MemGetInfo)
    {
        public delegate int SetDeviceFunction(int device);

        public delegate int MemGetInfoFunction(out nuint free, out nuint total);

        public static CudaRuntime? Find()
        {
            return
                LoadedLibraries.Find("cudart") is { } file
                && NativeLibrary.TryLoad(file, out var library)
                && NativeLibrary.TryGetExport(library, "cudaSetDevice", out var setDevice)
                && NativeLibrary.TryGetExport(library, "cudaMemGetInfo", out var memGetInfo)
                ? new CudaRuntime(
                    Marshal.GetDelegateForFunctionPointer<SetDeviceFunction>(setDevice),
                    Marshal.GetDelegateForFunctionPointer<MemGetInfoFunction>(memGetInfo)
                )
                : null;
        }
    }
}
