using ImgAlign;
using ImgAlign.Imaging;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Host;

/// <summary>Serves the queue one order after another, and ends the host when it is empty.</summary>
internal sealed partial class AlignmentWorker(
    IAlignmentPipeline pipeline,
    AlignmentQueue queue,
    IHostApplicationLifetime lifetime,
    ILogger<AlignmentWorker> logger
) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var order in queue.ReadAllAsync(stoppingToken))
        {
            var request = new AlignmentRequest(new AlignmentItem(order.Prompt) { Seed = order.Seed, Size = order.Size })
            {
                Steps = order.Steps,
            };
            var result = await pipeline.AlignAsync(request, cancellationToken: stoppingToken);
            var file = $"seed-{order.Seed}.png";
            ImageFile.SavePng(file, SideBySide.Join(result.Items[0].BaseImage, result.Items[0].Image));
            Wrote(file, result.Report.Duration.TotalSeconds);
        }
        lifetime.StopApplication();
    }

    [LoggerMessage(LogLevel.Information, "{File}: before and after, made in {Seconds:0.0} s")]
    private partial void Wrote(string file, double seconds);
}
