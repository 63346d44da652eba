using System.Runtime.InteropServices;
using System.Text;

namespace ImgAlign.Cli;

/// <summary>Standard output and standard error as a shell may leave them: closed (<c>2>&amp;-</c>), on a disk that is full, or open for
/// reading only.</summary>
internal static class StandardStreams
{
    private const int GetDescriptorFlags = 1,
        CloseOnExec = 1; // F_GETFD, FD_CLOEXEC

    /// <summary>
    /// Drops what would go to a closed stream, and messages that standard error does not take: they must not end the work. Results that
    /// standard output does not take stay an error.
    /// </summary>
    public static void Prepare()
    {
        if (IsClosed(1))
            Console.SetOut(TextWriter.Null);
        Console.SetError(IsClosed(2) ? TextWriter.Null : new LossyWriter(Console.Error));
    }

    // The runtime soon opens a file or pipe of its own with the number of a closed stream; writing to that would end the process. It is not
    // one that the parent has handed over, since those are never marked to be closed by exec.
    private static bool IsClosed(int descriptor)
    {
        if (OperatingSystem.IsWindows())
            return false; // .NET drops what goes to a closed one there
        var flags = Control(descriptor, GetDescriptorFlags);
        return flags < 0 || (flags & CloseOnExec) != 0;
    }

    [DllImport("libc", EntryPoint = "fcntl")]
    private static extern int Control(int descriptor, int command);

    private sealed class LossyWriter(TextWriter inner) : TextWriter
    {
        public override Encoding Encoding => inner.Encoding;

        public override void Write(char value) => Try(() => inner.Write(value));

        public override void Write(char[] buffer, int index, int count) => Try(() => inner.Write(buffer, index, count));

        public override void Write(string? value) => Try(() => inner.Write(value));

        public override void Flush() => Try(inner.Flush);

        private static void Try(Action write)
        {
            try
            {
                write();
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // Nobody can be told.
            }
        }
    }
}
