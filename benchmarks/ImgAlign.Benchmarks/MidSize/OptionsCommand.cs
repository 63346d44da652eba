using System.CommandLine;
using System.Globalization;
using ImgAlign.Alignment;
using ImgAlign.Backbones;
using ImgAlign.Benchmarks.Measured;
using ImgAlign.Detectors;
using ImgAlign.Runtime;

namespace ImgAlign.Benchmarks.MidSize;

/// <summary>
/// <c>options</c>: what each option that does less work is worth in time, and what it does to the picture, on a mid-size FLUX of random
/// weights; and what samplers are worth and cost.
/// </summary>
internal static class OptionsCommand
{
    private static readonly GenerationRequest Request = new(
        new GenerationItem("a red cube on a blue table") { NegativePrompt = "blurred", Size = new(256, 256) }
    )
    {
        Steps = 12,
    };

    private static readonly (string Name, GenerationRequest Request, double? StepCache)[] Runs =
    [
        ("all steps, branches together", Request, null),
        ("GuidanceBranches Apart", Request with { GuidanceBranches = GuidanceBranches.Apart }, null),
        ("GuidanceInterval 0 to 0.75", Request with { GuidanceInterval = new(0, 0.75) }, null),
        ("GuidanceInterval 0.25 to 0.75", Request with { GuidanceInterval = new(0.25, 0.75) }, null),
        ("no true guidance", Request with { Family = new FluxSettings { TrueGuidance = 1 } }, null),
        ("StepCacheThreshold 0.1", Request, 0.1),
        ("StepCacheThreshold 0.3", Request, 0.3),
        ("StepCacheThreshold 0.5", Request, 0.5),
    ];

    private enum Part
    {
        All,
        Work,
        Convergence,
        Cost,
    }

    public static Command Create()
    {
        var only = new Option<Part>("--only") { Description = "One part of it.", DefaultValueFactory = static _ => Part.All };
        var command = new Command(
            "options",
            "Measure the options that do less work on a mid-size FLUX (work), how near samplers come in few steps to many steps of Euler "
                + "on ShapeWorld (convergence), and what samplers compute themselves beside a step of SDXL's UNet (cost)."
        )
        {
            only,
            MidSizeCommand.Golden,
        };
        command.SetAction(
            async (parsed, _) =>
            {
                var part = parsed.GetValue(only);
                if (part is Part.All or Part.Work)
                    MidSizeCommand.Use(parsed, static (models, _) => MeasureAsync(models).GetAwaiter().GetResult());
                if (part is Part.All or Part.Convergence)
                    await SamplerConvergence.WriteAsync().ConfigureAwait(false);
                if (part is Part.All or Part.Cost)
                    SamplerCost.Write();
            }
        );
        return command;
    }

    private static async Task MeasureAsync(MidSizeModels models)
    {
        Console.WriteLine(
            $"{Hardware.Describe()}, {Request.Steps} steps at {Request.Items[0].Size}, float32, each twice and the faster one taken"
        );
        Console.WriteLine($"{"", -32}{"seconds", 8}{"ratio", 7}{"PSNR, dB", 10}");
        RgbImage? reference = null;
        var seconds = 0.0;
        foreach (var (name, request, stepCache) in Runs)
        {
            var (image, time) = await GenerateAsync(models, request, stepCache).ConfigureAwait(false);
            if (reference is null)
                (reference, seconds) = (image, time);
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{name, -32}{time, 8:0.0}{time / seconds, 7:0.00}{Psnr(reference, image), 10:0.0}"
                )
            );
        }
    }

    private static async Task<(RgbImage Image, double Seconds)> GenerateAsync(
        MidSizeModels models,
        GenerationRequest request,
        double? stepCache
    )
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions());
        var options = models.Flux();
        options.StepCacheThreshold = stepCache;
        using var backbone = new FluxBackbone(runtime, options);
        using var pipeline = new GenerationPipeline(backbone);
        await pipeline.GenerateAsync(request with { Steps = 1 }).ConfigureAwait(false);
        var results = new List<GenerationResult>();
        for (var run = 0; run < 2; run++)
            results.Add(await pipeline.GenerateAsync(request).ConfigureAwait(false));
        return (
            results[0].Items[0].Image,
            results.Min(result =>
                result.Report.Timings.Where(timing => timing.Stage == RunStage.Generate).Sum(timing => timing.Duration.TotalSeconds)
            )
        );
    }

    private static double Psnr(RgbImage expected, RgbImage actual)
    {
        var error = expected.Pixels.ToArray().Zip(actual.Pixels.ToArray(), static (a, b) => (double)(a - b) * (a - b)).Average();
        return error == 0 ? double.PositiveInfinity : 10 * Math.Log10(255 * 255 / error);
    }
}
