using System.Diagnostics;
using ImgAlign.Backbones;
using ImgAlign.Sampling;
using static TorchSharp.torch;

namespace ImgAlign.Benchmarks.Measured;

/// <summary>What samplers compute themselves in a step, beside the network, at the size of SDXL's latents.</summary>
internal static class SamplerCost
{
    private const int Steps = 30;
    private const int Repeats = 5;

    private static readonly long[] Latents = [1, 4, 128, 128];

    /// <summary>Each sampler, and the milliseconds of one step: the fastest of several runs.</summary>
    public static IEnumerable<(string Sampler, double Milliseconds)> Measure()
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var (x, data) = (randn(Latents), randn(Latents));
        var config = new SchedulerConfig
        {
            BetaStart = 0.00085,
            BetaEnd = 0.012,
            BetaSchedule = "scaled_linear",
            TimestepSpacing = "leading",
            StepsOffset = 1,
        };
        foreach (var sampler in Samplers.All)
        {
            var settings = new SamplingSettings
            {
                Steps = Steps,
                Guidance = 1,
                ImagePromptScale = 0,
                Sampler = sampler,
            };
            var schedule = new DiffusionSchedule(config).Create(settings);
            using var noise = new TorchNoise(0);
            var fastest = double.PositiveInfinity;
            for (var run = 0; run < Repeats; run++)
            {
                var watch = Stopwatch.StartNew();
                sampler.Sample(x, schedule, (_, _, _) => data.alias(), noise).Dispose();
                fastest = Math.Min(fastest, watch.Elapsed.TotalMilliseconds / Steps);
            }
            yield return (sampler.Name, fastest);
        }
    }
}
