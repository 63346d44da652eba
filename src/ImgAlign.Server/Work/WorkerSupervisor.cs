using System.Diagnostics;
using ImgAlign.Server.Access;
using ImgAlign.Server.Jobs;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ImgAlign.Server.Work;

/// <summary>Keeps a worker process running; one that ends is started again, and one whose server ends sees its input end.</summary>
internal sealed partial class WorkerSupervisor(ProcessStartInfo start, IServiceProvider services, ILogger<WorkerSupervisor> logger)
    : BackgroundService
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan GoodRun = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await ServerStartAsync(stoppingToken);
        start.Environment[WorkerProcess.ServerVariable] = Address().ToString();
        start.Environment[WorkerProcess.TokenVariable] = services.GetRequiredService<AccessRules>().WorkerToken;
        start.RedirectStandardInput = true;
        start.UseShellExecute = false;
        var pause = FirstPause;
        while (!stoppingToken.IsCancellationRequested)
        {
            var began = Stopwatch.GetTimestamp();
            var code = await RunAsync(stoppingToken);
            if (stoppingToken.IsCancellationRequested)
                return;
            pause =
                Stopwatch.GetElapsedTime(began) > GoodRun ? FirstPause : TimeSpan.FromTicks(Math.Min(2 * pause.Ticks, LongestPause.Ticks));
            Ended(code, pause.TotalSeconds);
            await Task.Delay(pause, stoppingToken);
        }
    }

    private async Task<int> RunAsync(CancellationToken stoppingToken)
    {
        using var process = Process.Start(start)!;
        try
        {
            await process.WaitForExitAsync(stoppingToken);
            services.GetRequiredService<JobKeeper>().Lose(process.Id); // before another worker takes the next job
        }
        catch (OperationCanceledException)
        {
            process.StandardInput.Close();
            using var patience = new CancellationTokenSource(Farewell);
            try
            {
                await process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
            }
        }
        return process.HasExited ? process.ExitCode : -1;
    }

    private Uri Address()
    {
        var addresses = services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        var first = addresses.FirstOrDefault(static address => address.StartsWith("http:", StringComparison.Ordinal)) ?? addresses.First();
        var address = new UriBuilder(
            first.Replace("://+", "://127.0.0.1", StringComparison.Ordinal).Replace("://*", "://127.0.0.1", StringComparison.Ordinal)
        );
        if (address.Host is "0.0.0.0" or "[::]")
            address.Host = "127.0.0.1";
        return address.Uri;
    }

    private async Task ServerStartAsync(CancellationToken stoppingToken)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = services.GetRequiredService<IHostApplicationLifetime>().ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(stoppingToken);
    }

    [LoggerMessage(LogLevel.Warning, "A worker ended with exit code {Code}; it is started again in {Seconds} s")]
    private partial void Ended(int code, double seconds);
}
