using System.Diagnostics;
using System.Runtime.InteropServices;

namespace ImgAlign.Cli;

/// <summary>
/// Turns Ctrl-C and a request to terminate into cancellation, so that work ends after its current step and leaves nothing half written.
/// A second signal, some time later, ends the process at once: Ctrl-C in a terminal, and a service manager's stop, reach a process and also
/// the one that started it, which hands them on, so that one wish comes as two signals.
/// </summary>
internal sealed class StopSignal : IDisposable
{
    private static readonly TimeSpan OneWish = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource source = new();
    private readonly Stopwatch sinceFirst = new();
    private readonly PosixSignalRegistration[] registrations;

    public StopSignal() =>
        registrations = [
            .. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM }.Select(signal => PosixSignalRegistration.Create(signal, Receive)),
        ];

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => source.Token;

    public void Dispose()
    {
        foreach (var registration in registrations)
            registration.Dispose();
        source.Dispose();
    }

    private void Receive(PosixSignalContext context)
    {
        if (sinceFirst.Elapsed > OneWish)
            return;
        context.Cancel = true;
        sinceFirst.Start();
        try
        {
            source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // What was to end has just ended.
        }
    }
}
