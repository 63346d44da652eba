using System.CommandLine;
using System.Globalization;
using ImgAlign.Alignment;
using ImgAlign.Backbones;
using ImgAlign.Checkpoints;
using ImgAlign.Detectors;
using ImgAlign.Runtime;

namespace ImgAlign.Benchmarks.MidSize;

/// <summary><c>memory</c>: the most resident memory of a whole alignment on the CPU under each memory policy and weight storage, next to
/// the estimate.</summary>
internal static class MemoryCommand
{
    private static readonly (ResidencyPolicy Policy, WeightStorage Storage)[] Runs =
    [
        (ResidencyPolicy.KeepAll, WeightStorage.None),
        (ResidencyPolicy.LoadOnDemand, WeightStorage.None),
        (ResidencyPolicy.StreamBlocks, WeightStorage.None),
        (ResidencyPolicy.KeepAll, WeightStorage.Int8),
        (ResidencyPolicy.KeepAll, WeightStorage.Float8),
        (ResidencyPolicy.LoadOnDemand, WeightStorage.Int8),
        (ResidencyPolicy.StreamBlocks, WeightStorage.Int8),
    ];

    public static Command Create()
    {
        var command = MidSizeCommand.Create(
            $"memory",
            $"Measure the peak of resident memory of an alignment with mid-size models, each run in a process of its own.",
            (models, golden) =>
            {
                Console.WriteLine(
                    $"{Hardware.Describe()}, an alignment of 2 steps at 128x128 pixels, float32; MB above what the process has before"
                );
                Console.WriteLine($"{"policy", -14}{"storage", -9}{"estimate", 9}{"peak", 9}{"seconds", 9}");
                // The memory of one run does not count for the next.
                foreach (var (policy, storage) in Runs)
                    OwnProcesses.Run("memory", "measure", models.Folder, golden, policy.ToString(), storage.ToString());
            }
        );
        command.Add(CreateMeasure());
        return command;
    }

    private static Command CreateMeasure()
    {
        var (folder, golden) = (new Argument<string>("folder"), new Argument<string>("golden"));
        var (policy, storage) = (new Argument<ResidencyPolicy>("policy"), new Argument<WeightStorage>("storage"));
        var command = new Command("measure", "One of the runs.") { folder, golden, policy, storage };
        command.Hidden = true;
        command.SetAction(parsed =>
            MeasureAsync(
                new MidSizeModels(parsed.GetRequiredValue(folder), parsed.GetRequiredValue(golden)),
                parsed.GetValue(policy),
                parsed.GetValue(storage)
            )
        );
        return command;
    }

    private static async Task MeasureAsync(MidSizeModels models, ResidencyPolicy policy, WeightStorage storage)
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions { Residency = policy });
        using var backbone = new FluxBackbone(runtime, models.Flux(storage));
        using var detector = new LlavaDetector(runtime, models.Llava(storage));
        using var aligner = new ImplicitAligner(runtime, models.AlignerPath);
        using var pipeline = new AlignmentPipeline(backbone, detector, aligner);
        var request = new AlignmentRequest(new AlignmentItem("a red cube on a blue table") { Size = new(128, 128) }) { Steps = 2 };
        var before = Environment.WorkingSet;
        var report = (await pipeline.AlignAsync(request)).Report;
        var (estimated, seconds) = (report.Devices[0].Estimate.RequiredBytes, report.Duration.TotalSeconds);
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{policy, -14}{storage, -9}{estimated / 1e6, 9:0}{(report.Devices[0].PeakMemoryBytes - before) / 1e6, 9:0}{seconds, 9:0.0}"
            )
        );
    }
}
