using Microsoft.Extensions.Hosting;

namespace ImgAlign.Server.Work;

/// <summary>Ends a worker whose server has ended, however that ended: the pipe to it closes.</summary>
internal sealed class ServerWatch(IHostApplicationLifetime lifetime) : BackgroundService
{
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken)
    {
        new Thread(WaitForEnd) { IsBackground = true }.Start();
        return Task.CompletedTask;
    }

    private void WaitForEnd()
    {
        using var input = Console.OpenStandardInput();
        while (input.ReadByte() >= 0) { }
        lifetime.StopApplication();
        Thread.Sleep(Farewell);
        Environment.Exit(1); // a step that takes longer; the job is run again
    }
}
