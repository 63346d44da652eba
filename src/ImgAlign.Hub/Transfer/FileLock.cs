namespace ImgAlign.Hub.Transfer;

/// <summary>
/// One process at a time for one content: <c>.locks/models--owner--name/CHECKSUM.lock</c>, as Python's client holds it. A file opened for
/// oneself alone is a <c>flock</c> on Unix, which is what Python's <c>filelock</c> takes, and a refused second opening on Windows, which it
/// waits for as well.
/// </summary>
internal static class FileLock
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    public static async Task<IDisposable> AcquireAsync(string path, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException e) when (IsHeld(e))
            {
                await Task.Delay(Interval, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    // ERROR_SHARING_VIOLATION and ERROR_LOCK_VIOLATION on Windows; EWOULDBLOCK, as .NET passes it on, elsewhere (11 on Linux, 35 on macOS).
    private static bool IsHeld(IOException e) => OperatingSystem.IsWindows() ? (e.HResult & 0xFFFF) is 32 or 33 : e.HResult is 11 or 35;
}
