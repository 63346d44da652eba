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

    private static DeviceMemory? QueryCuda(int index)
    {
        if (Cuda.Value is not { } cuda) return null;
        if (cuda.GetDevice(out var current) != 0 || cuda.SetDevice(index) != 0) return null;
        var succeeded = cuda.MemGetInfo(out var free, out var total) == 0;
        _ = cuda.SetDevice(current);
        return succeeded ? new DeviceMemory((long)total, (long)free) : null;
    }

    // TorchSharp has no memory queries, but the CUDA runtime that libtorch loaded answers.
    private static readonly Lazy<CudaRuntime?> Cuda = new(static () =>
    {
        using var process = Process.GetCurrentProcess();
        var file = process.Modules.Cast<ProcessModule>().FirstOrDefault(static module => module.ModuleName.Contains("cudart", StringComparison.OrdinalIgnoreCase))?.FileName;
        return file is not null && NativeLibrary.TryLoad(file, out var library) ? new CudaRuntime(library) : null;
    });

    private sealed class CudaRuntime(nint library)
    {
        public readonly GetDeviceFunction GetDevice = Find<GetDeviceFunction>(library, "cudaGetDevice");
        public readonly SetDeviceFunction SetDevice = Find<SetDeviceFunction>(library, "cudaSetDevice");
        public readonly MemGetInfoFunction MemGetInfo = Find<MemGetInfoFunction>(library, "cudaMemGetInfo");

        public delegate int GetDeviceFunction(out int device);

        public delegate int SetDeviceFunction(int device);

        public delegate int MemGetInfoFunction(out nuint free, out nuint total);

        private static T Find<T>(nint library, string name) where T : Delegate =>
            Marshal.GetDelegateForFunctionPointer<T>(NativeLibrary.GetExport(library, name));
    }
}
