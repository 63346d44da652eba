using System.Diagnostics;
using System.Globalization;
using ImgAlign.Backbones;
using ImgAlign.Checkpoints;
using ImgAlign.Networks.Sdxl;
using ImgAlign.Sampling;
using ImgAlign.Testing.SelfTest;
using static TorchSharp.torch;

namespace ImgAlign.Benchmarks.Measured;

/// <summary>
/// What samplers compute themselves in a step, at the size of SDXL's latents for 1024x1024 pixels, beside the step of SDXL's UNet that they
/// go with: of published size, with weights by rule, in bfloat16, in which a CPU that can is fastest.
/// </summary>
internal static class SamplerCost
{
    private const int Steps = 30;
    private const int Repeats = 5;

    private static readonly long[] Latents = [1, 4, 128, 128];

    /// <summary>Prints a table.</summary>
    public static void Write()
    {
        var step = UNetStep();
        Console.WriteLine();
        Console.WriteLine($"{Hardware.Describe()}, {get_num_threads()} threads");
        Console.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"a step of SDXL's UNet at 1024x1024 in bfloat16: {step / 1000:0.0} s")
        );
        Console.WriteLine($"{"", -20}{"ms a step", 12}{"share of the UNet's", 22}");
        foreach (var (sampler, milliseconds) in Measure())
            Console.WriteLine(
                string.Create(CultureInfo.InvariantCulture, $"{sampler, -20}{milliseconds, 12:0.00}{milliseconds / step, 22:0.0000%}")
            );
    }

    // The faster of two steps, in milliseconds, without what is computed once a generation.
    private static double UNetStep()
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var unet = new UNet2DConditionModel(SdxlBase.UNet, META);
        using (var weights = new RepeatedWeights(unet))
            CheckpointBinder.Bind(unet, weights, WeightMap.Identity, bfloat16);
        using var conditioning = unet.Prepare(
            randn([1, 77, SdxlBase.UNet.CrossAttentionDim], bfloat16),
            randn([1, SdxlBase.TextEncoder2.ProjectionDim], bfloat16),
            tensor(new float[] { 1024, 1024, 0, 0, 1024, 1024 }).unsqueeze(0)
        );
        var (x, timestep) = (randn(Latents, bfloat16), tensor(500f));
        return Enumerable.Range(0, 2).Min(_ => Milliseconds(() => unet.call(x, timestep, conditioning).Dispose()));
    }

    private static double Milliseconds(Action work)
    {
        var watch = Stopwatch.StartNew();
        work();
        return watch.Elapsed.TotalMilliseconds;
    }

    // Each sampler, and the milliseconds of one step: the fastest of several runs.
    private static IEnumerable<(string Sampler, double Milliseconds)> Measure()
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
            var fastest = Enumerable
                .Range(0, Repeats)
                .Min(_ => Milliseconds(() => sampler.Sample(x, schedule, (_, _, _) => data.alias(), noise).Dispose()) / Steps);
            yield return (sampler.Name, fastest);
        }
    }
}
