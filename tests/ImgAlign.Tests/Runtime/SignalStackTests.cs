using System.Diagnostics;
using ImgAlign.Cli.Checks;
using ImgAlign.Runtime;
using ImgAlign.Testing.Golden;
using ImgAlign.Testing.Reference;
using ImgAlign.Tests.Checkpoints;
using ImgAlign.Tests.Training;
using ImgAlign.Training;
using TorchSharp;

namespace ImgAlign.Tests.Runtime;

/// <summary>Every thread that computes has a larger signal stack while it does, and its old one afterwards.</summary>
public class SignalStackTests
{
    public static TheoryData<string> Users => [.. Computations.Keys];

    // What computes, on which thread soever, given something that wants to look at that thread.
    private static readonly Dictionary<string, Action<Action>> Computations = new()
    {
        ["device worker"] = look =>
        {
            using var runtime = new DeviceRuntime(new RuntimeOptions());
            runtime.RunAsync(look).GetAwaiter().GetResult();
        },
        ["group of one"] = look => InProcessGroup.Run(1, _ => Look(look)),
        ["group of three"] = look => InProcessGroup.Run(3, _ => Look(look)),
        ["trainer"] = look =>
        {
            using var task = new LineTask();
            using var trainer = new Trainer(task, new TrainerOptions { Steps = 1, BatchSize = 1 });
            trainer.Run(progress: new Watch(look));
        },
        ["golden case"] = look =>
        {
            using var folder = new TemporaryFolder();
            var path = folder.Write("a.case", "");
            var result = new GoldenRunner().AddFiles("look", _ => true, _ => look()).Run(path, torch.CPU);
            Assert.True(result.Passed, string.Join("; ", result.Problems));
        },
        ["parallel loop"] = look =>
            ParallelLoop.Run(
                64,
                Environment.ProcessorCount,
                numbers =>
                {
                    foreach (var _ in numbers)
                    {
                        Thread.Sleep(1); // leaves some for the others
                        look();
                    }
                }
            ),
    };

    [Theory]
    [MemberData(nameof(Users))]
    public void Is_larger_on_the_threads_that_compute_and_the_old_one_afterwards(string user)
    {
        var before = SignalStack.CurrentBytes;
        var seen = 0;

        Computations[user]
            (() =>
            {
                if (OperatingSystem.IsLinux())
                    Assert.InRange(SignalStack.CurrentBytes, 128 * 1024, long.MaxValue);
                Interlocked.Increment(ref seen);
            });

        Assert.NotEqual(0, seen);
        Assert.Equal(before, SignalStack.CurrentBytes);
    }

    [Fact]
    public void Enlarging_twice_is_enlarging_once()
    {
        var before = SignalStack.CurrentBytes;
        using (SignalStack.Enlarge())
        {
            using (SignalStack.Enlarge()) { }
            Assert.Equal(OperatingSystem.IsLinux() ? SignalStack.EnlargedBytes : 0, SignalStack.CurrentBytes);
        }
        Assert.Equal(before, SignalStack.CurrentBytes);
    }

    [Fact]
    public void The_old_one_is_back_before_the_thread_ends()
    {
        var (before, after) = (0L, -1L);
        var thread = new Thread(() =>
        {
            before = SignalStack.CurrentBytes;
            using (SignalStack.Enlarge()) { }
            after = SignalStack.CurrentBytes;
        });
        thread.Start();
        thread.Join();
        Assert.Equal(before, after);
    }

    /// <summary>Without the larger stack this child ends with a segmentation fault, for certain.</summary>
    [AmxFact]
    public void A_null_reference_that_is_caught_after_a_bfloat16_product_does_not_end_the_process()
    {
        using var child = Process.Start(
            new ProcessStartInfo("dotnet", ["exec", typeof(SignalStackTests).Assembly.Location, ChildProgram.NullReferenceAfterProduct])
            {
                RedirectStandardOutput = true,
            }
        )!;
        Assert.Equal("survived", child.StandardOutput.ReadToEnd().Trim());
        child.WaitForExit();
        Assert.Equal(0, child.ExitCode);
    }

    private static bool Look(Action look)
    {
        look();
        return true;
    }

    private sealed class Watch(Action look) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => look();
    }

    private sealed class AmxFactAttribute : FactAttribute
    {
        public AmxFactAttribute()
        {
            if (!OperatingSystem.IsLinux() || !Processor.HasAmx)
                Skip = "Needs Linux on a CPU with AMX (amx_tile in /proc/cpuinfo).";
        }
    }
}
