using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using ImgAlign.Runtime;
using ImgAlign.Training;
using ImgAlign.Training.Parallel;
using TorchSharp;

namespace ImgAlign.Benchmarks.Measured;

/// <summary>
/// <c>processes</c>: how much faster two processes train than one, each with a core of its own and a batch of the same size, by Open MPI's
/// <c>mpirun</c>.
/// </summary>
internal static class ProcessesCommand
{
    private const int WarmUp = 2;
    private const int Steps = 10;
    private const int Batch = 8;

    // As LLaVA-1.5 has them of a picture and a question.
    private const int HiddenStates = 608;

    // One process with half a batch does what each of two does, without the other.
    private static readonly (int Processes, int Batch)[] Runs = [(1, Batch), (1, Batch / 2), (2, Batch)];

    public static Command Create()
    {
        var command = new Command("processes", "Measure the rate of training by one process and by two, a core each.") { CreateMeasure() };
        command.SetAction(static _ =>
        {
            Console.WriteLine($"{Hardware.Describe()}, {Steps} steps, {HiddenStates} hidden states, float32");
            Console.WriteLine();
            Console.WriteLine("| processes | pairs a step | pairs a second | of one process with the whole batch, times processes |");
            Console.WriteLine("|---|---|---|---|");
            var one = 0.0;
            foreach (var (processes, batch) in Runs)
            {
                var rate = Run(processes, batch);
                one = one == 0 ? rate : one;
                var share = rate / (processes * one);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {processes} | {batch} | {rate:0.00} | {share:0.00} |"));
            }
        });
        return command;
    }

    private static double Run(int processes, int batch)
    {
        var measured = Path.GetTempFileName();
        try
        {
            OwnProcesses.RunTogether(processes, ["--bind-to", "core"], "processes", "measure", measured, $"{batch}");
            return double.Parse(File.ReadAllText(measured), CultureInfo.InvariantCulture);
        }
        finally
        {
            File.Delete(measured);
        }
    }

    private static Command CreateMeasure()
    {
        var measured = new Argument<string>("file") { Description = "Where the rate is written, in pairs a second." };
        var batch = new Argument<int>("batch");
        var command = new Command("measure", "One of the runs, in one of its processes.") { measured, batch };
        command.Hidden = true;
        command.SetAction(parsed => Measure(parsed.GetValue(measured)!, parsed.GetValue(batch)));
        return command;
    }

    private static void Measure(string measured, int batch)
    {
        LibTorchLoader.Load();
        torch.set_num_threads(1);
        using var group = ProcessGroup.Join(torch.CPU);
        using var network = QuarterAligner.Create();
        using var task = QuarterAligner.Train(network, HiddenStates);
        using var trainer = new Trainer(task, new TrainerOptions { Steps = WarmUp + Steps, BatchSize = batch }, group);
        var stopwatch = new StepStopwatch();
        trainer.Run(progress: stopwatch);
        if (group.Rank == 0)
        {
            var rate = Steps * batch / stopwatch.Elapsed.TotalSeconds;
            File.WriteAllText(measured, rate.ToString(CultureInfo.InvariantCulture));
        }
        group.Complete();
    }

    // Steps alone count: not the preparation of the trainer, nor the first broadcast of the weights.
    private sealed class StepStopwatch : IProgress<TrainingProgress>
    {
        private readonly Stopwatch stopwatch = new();

        public TimeSpan Elapsed => stopwatch.Elapsed;

        public void Report(TrainingProgress value)
        {
            if (value.Step == WarmUp)
                stopwatch.Start();
            if (value.Step == WarmUp + Steps)
                stopwatch.Stop();
        }
    }
}
