using System.Runtime.InteropServices;

namespace ImgAlign.Runtime;

/// <summary>The heap that libtorch takes host memory from.</summary>
internal static class NativeHeap
{
    private static readonly TrimFunction? MallocTrim = FindMallocTrim();

    /// <summary>
    /// Gives what has been freed back to the system, where the C library does not do it itself: glibc keeps what lies below memory in use,
    /// so that a released network would still count as the process's memory.
    /// </summary>
    public static void Trim() => MallocTrim?.Invoke(0);

    private static TrimFunction? FindMallocTrim() =>
        OperatingSystem.IsLinux()
        && NativeLibrary.TryLoad("libc.so.6", out var library)
        && NativeLibrary.TryGetExport(library, "malloc_trim", out var function)
            ? Marshal.GetDelegateForFunctionPointer<TrimFunction>(function)
            : null;

    private delegate int TrimFunction(nuint padding);
}
