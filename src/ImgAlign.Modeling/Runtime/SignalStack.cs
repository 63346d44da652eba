using System.Runtime.InteropServices;

namespace ImgAlign.Runtime;

/// <summary>
/// A larger alternate signal stack for the calling thread, for as long as it computes. On Linux, .NET turns the signal of a null check into
/// a <see cref="NullReferenceException"/> on a stack of 16 KB. A thread that has computed a bfloat16 product on a CPU with AMX gets signals
/// that are 8 KB larger, and .NET's handler overruns that stack: an exception that is caught all the same would end the process.
/// </summary>
/// <remarks>
/// The library does this on every thread that it computes on. A thread of your own that calls networks or libtorch needs
/// <c>using var stack = SignalStack.Enlarge();</c> around that, in one block: the old stack must be back before the thread ends.
/// </remarks>
public readonly unsafe ref struct SignalStack
{
    /// <summary>The size of the stack while it is enlarged, in bytes.</summary>
    public const int EnlargedBytes = 128 * 1024;

    private const int Disabled = 2; // SS_DISABLE

    private readonly Description old;
    private readonly void* memory;

    private SignalStack(Description old)
    {
        this.old = old;
        memory = NativeMemory.AlignedAlloc(EnlargedBytes, (nuint)Environment.SystemPageSize);
        var larger = new Description { Memory = memory, Bytes = EnlargedBytes };
        if (SetSignalStack(&larger, null) == 0)
            return;
        NativeMemory.AlignedFree(memory);
        throw new ImgAlignException(
            $"The system refuses this thread a signal stack of {EnlargedBytes} bytes (errno {Marshal.GetLastSystemError()})."
        );
    }

    /// <summary>Enlarges the stack until the result is disposed, on the same thread. Does nothing where it is large enough already, or not
    /// Linux.</summary>
    /// <exception cref="ImgAlignException">The system refuses it.</exception>
    public static SignalStack Enlarge() => !OperatingSystem.IsLinux() || CurrentBytes >= EnlargedBytes ? default : new SignalStack(Current);

    /// <summary>Gives the thread its old stack back: at its end, .NET unmaps the one that it finds.</summary>
    public void Dispose()
    {
        if (memory is null)
            return;
        var previous = old;
        if (SetSignalStack(&previous, null) == 0)
            NativeMemory.AlignedFree(memory);
    }

    /// <summary>The size of the calling thread's alternate signal stack in bytes; 0 where it has none.</summary>
    public static long CurrentBytes => Current is { IsDisabled: false } current ? (long)current.Bytes : 0;

    private static Description Current
    {
        get
        {
            Description current;
            return OperatingSystem.IsLinux() && SetSignalStack(null, &current) == 0 ? current : new Description { Flags = Disabled };
        }
    }

    [DllImport("libc", EntryPoint = "sigaltstack")]
    private static extern int SetSignalStack(Description* replacement, Description* current);

    // stack_t, in the order that Linux has on all processors that .NET runs on.
    private struct Description
    {
        public void* Memory;
        public int Flags;
        public nuint Bytes;

        public readonly bool IsDisabled => (Flags & Disabled) != 0;
    }
}
