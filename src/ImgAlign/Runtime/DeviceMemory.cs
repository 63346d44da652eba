using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using TorchSharp;

namespace ImgAlign.Runtime;

/// <summary>The memory of a device at one moment.</summary>
/// <param name="TotalBytes">All that it has.</param>
/// <param name="FreeBytes">What a process could still take.</param>
public readonly record struct DeviceMemory(long TotalBytes, long FreeBytes)
{
    /// <summary>Asks the system; null where it does not tell.</summary>
    /// <param name="device">The CPU (host memory, within a container's limit) or a GPU.</param>
    public static DeviceMemory? Query(torch.Device device) => device.type switch
    {
        DeviceType.CPU => QueryHost(),
        DeviceType.CUDA => QueryCuda(device.index),
        _ => null,
    };

    internal static DeviceMemory QueryHost()
    {
        var collector = GC.GetGCMemoryInfo();
        var limit = collector.TotalAvailableMemoryBytes;
        var free = ReadMeminfo("MemAvailable") ?? limit - collector.MemoryLoadBytes;
        return new DeviceMemory(limit, Math.Max(0, Math.Min(free, limit - Environment.WorkingSet)));
    }

    private static long? ReadMeminfo(string name)
    {
        if (!OperatingSystem.IsLinux()) return null;
        var line = File.ReadLines("/proc/meminfo").FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
        var kibibytes = line?.Split(' ', StringSplitOptions.RemoveEmptyEntries).ElementAtOrDefault(1);
        return kibibytes is null ? null : long.Parse(kibibytes, CultureInfo.InvariantCulture) * 1024;
    }

    // TorchSharp has no memory queries, but the CUDA runtime that libtorch loaded answers.
    private static unsafe DeviceMemory? QueryCuda(int index)
    {
        using var process = Process.GetCurrentProcess();
        var cudart = process.Modules.Cast<ProcessModule>().FirstOrDefault(module => module.ModuleName.Contains("cudart", StringComparison.OrdinalIgnoreCase));
        if (cudart?.FileName is not { } file || !NativeLibrary.TryLoad(file, out var library)) return null;
        var getDevice = (delegate* unmanaged<int*, int>)NativeLibrary.GetExport(library, "cudaGetDevice");
        var setDevice = (delegate* unmanaged<int, int>)NativeLibrary.GetExport(library, "cudaSetDevice");
        var getInfo = (delegate* unmanaged<nuint*, nuint*, int>)NativeLibrary.GetExport(library, "cudaMemGetInfo");
        int current;
        nuint free, total;
        if (getDevice(&current) != 0 || setDevice(index) != 0) return null;
        var succeeded = getInfo(&free, &total) == 0;
        _ = setDevice(current);
        return succeeded ? new DeviceMemory((long)total, (long)free) : null;
    }
}
