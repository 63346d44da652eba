using System.CommandLine;
using System.Globalization;
using ImgAlign.Runtime;
using ImgAlign.Training;
using ImgAlign.Training.Parallel;
using TorchSharp;

namespace ImgAlign.Benchmarks.Measured;

/// <summary>
/// <c>sharding</c>: the memory of each process that trains the aligner for FLUX at a quarter of its width, with AdamW's state whole and in
/// parts, by Open MPI's <c>mpirun</c>.
/// </summary>
internal static class ShardingCommand
{
    private const int Steps = 3;
    private const int Batch = 4;

    // Few: the weights are what is measured.
    private const int HiddenStates = 32;

    private static readonly (int Processes, bool IsSharded)[] Runs = [(1, false), (2, false), (2, true), (4, false), (4, true)];

    public static Command Create()
    {
        var command = new Command("sharding", "Measure the memory of processes that train together, each run in processes of its own.")
        {
            CreateMeasure(),
        };
        command.SetAction(static _ =>
        {
            Console.WriteLine($"{Hardware.Describe()}, {Steps} steps of {Batch} pairs, float32");
            Console.WriteLine();
            Console.WriteLine("| processes | AdamW's state | parameters | MB a process above its start, at most |");
            Console.WriteLine("|---|---|---|---|");
            foreach (var (processes, isSharded) in Runs)
                OwnProcesses.RunTogether(processes, ["--oversubscribe"], "sharding", "measure", $"{isSharded}");
        });
        return command;
    }

    private static Command CreateMeasure()
    {
        var isSharded = new Argument<bool>("sharded");
        var command = new Command("measure", "One of the runs, in one of its processes.") { isSharded };
        command.Hidden = true;
        command.SetAction(parsed => Measure(parsed.GetValue(isSharded)));
        return command;
    }

    private static void Measure(bool isSharded)
    {
        LibTorchLoader.Load();
        torch.set_num_threads(1);
        using var group = ProcessGroup.Join(torch.CPU);
        Hardware.ResetPeakMemory();
        var before = Environment.WorkingSet;
        using var network = QuarterAligner.Create();
        using var task = QuarterAligner.Train(network, HiddenStates);
        var options = new TrainerOptions
        {
            Steps = Steps,
            BatchSize = Batch,
            ShardOptimizer = isSharded,
        };
        using (var trainer = new Trainer(task, options, group))
            trainer.Run();
        var peaks = new double[group.Size];
        peaks[group.Rank] = Hardware.PeakMemoryBytes() - before;
        group.Sum(peaks);
        if (group.Rank == 0)
        {
            var count = task.Parameters.Values.Sum(static parameter => parameter.numel());
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"| {group.Size} | {(isSharded ? "in parts" : "whole")} | {count} | {peaks.Max() / 1e6:0} |"
                )
            );
        }
        group.Complete();
    }
}
