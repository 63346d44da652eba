using System.Diagnostics;
using System.Runtime.InteropServices;
using ImgAlign.Tests.Checkpoints;
using ImgAlign.Training.Native;
using ImgAlign.Training.Parallel;
using TorchSharp;

namespace ImgAlign.Tests.Training.Parallel;

/// <summary>What can be seen of NCCL without a GPU: how it is found, and by a library of our own, how it is called.</summary>
public sealed class NcclTests : IDisposable
{
    private const string Joined = "joined";

    private readonly TemporaryFolder folder = new();
    private readonly int port = LocalPort.Free();

    [Fact]
    public void Where_there_is_no_NCCL_it_is_said()
    {
        var message = Assert.Throws<ImgAlignException>(() => Nccl.FindLibrary([folder.File("libtorch_cuda.so")])).Message;
        Assert.StartsWith("NCCL is not found: the libtorch of this process", message, StringComparison.Ordinal);
        Assert.Contains(
            "libcudart",
            Assert.Throws<ImgAlignException>(() => CudaStream.FindRuntime(["libc.so"])).Message,
            StringComparison.Ordinal
        );
    }

    [ProgramTheory("gcc")]
    [InlineData("libtorch_cuda.so")] // built into libtorch
    [InlineData("libnccl.so.2")] // loaded by it
    public void It_is_found(string name) => Assert.NotEqual(0, Nccl.FindLibrary([folder.File("libtorch_cuda_linalg.so"), Build(name)]));

    [ProgramTheory("gcc")]
    [InlineData("libnccl.so.2")]
    public void One_that_libtorch_has_not_loaded_is_left_alone(string beside)
    {
        Build(beside);
        Assert.Throws<ImgAlignException>(() => Nccl.FindLibrary([folder.File("libtorch_cuda.so")]));
    }

    [ProgramTheory("gcc")]
    [InlineData(torch.ScalarType.Int64, "Gradients of type Int64 are not exchanged")]
    [InlineData(torch.ScalarType.Float16, "invalid argument (NCCL_DEBUG=INFO tells more)")] // the library has no numbers of 16 bits
    public void What_it_refuses_is_said(torch.ScalarType type, string expected)
    {
        var library = NativeLibrary.Load(Build("libnccl.so.2"));
        using var group = NcclProcessGroup.Join(
            new LaunchEnvironment(0, 1, 0, "127.0.0.1", port),
            new Nccl(library),
            new CudaStream(library, device: 0)
        );
        using var tensor = torch.zeros(16, type);
        Assert.Contains(expected, Assert.ThrowsAny<Exception>(() => group.AllGather(tensor)).Message, StringComparison.Ordinal);
        group.Complete();
    }

    [ProgramTheory("gcc")]
    [InlineData(2, "3; said by 0; 1; 50 51")]
    [InlineData(3, "6; said by 0; 1; 100 101 102")]
    public async Task Processes_exchange_what_they_have(int processes, string expected)
    {
        var ended = await RunAsync(processes, ChildProgram.ExchangeByNccl, Build("libnccl.so.2"));
        foreach (var (rank, (exitCode, text)) in ended.Index())
        {
            Assert.True(exitCode == 0, text);
            Assert.Equal($"{rank} of {processes}: {expected}", text.Trim());
        }
    }

    [ProgramTheory("gcc")]
    [InlineData("data-parallel-k10-2", 2, "whole")]
    [InlineData("data-parallel-k10-float64-4", 4, "sharded")]
    public async Task Processes_repeat_the_reference(string name, int processes, string state)
    {
        var golden = Path.Combine(TestData.Golden, "training", name);
        var ended = await RunAsync(processes, ChildProgram.GoldenOverProcesses, golden, state, Build("libnccl.so.2"));
        Assert.All(ended, static process => Assert.True(process.ExitCode == 0, process.Text));
    }

    [ProgramTheory("gcc")]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_killed_process_ends_the_one_that_waits_for_its_GPU(int killed)
    {
        var library = Build("libnccl.so.2");
        using var sleeping = Start(killed, 2, ChildProgram.StayInNccl, library, "sleep");
        using var waiting = Start(1 - killed, 2, ChildProgram.StayInNccl, library, "exchange");
        Assert.Equal(Joined, await sleeping.StandardOutput.ReadLineAsync());
        Assert.Equal(Joined, await waiting.StandardOutput.ReadLineAsync());
        sleeping.Kill();
        var watch = Stopwatch.StartNew();
        AssertLost($"Process {killed} of 2 has ended before the training was done", await MpiRun.FinishAsync(waiting));
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(20));
    }

    [ProgramTheory("gcc")]
    [InlineData("Process 1 of 2 has ended before the training was done")]
    public async Task A_process_that_ends_while_others_join_ends_them(string expected)
    {
        using var joining = Start(0, 2, ChildProgram.StayInNccl, Build("libnccl.so.2"), "sleep");
        using (var other = ControlChannel.Open(new LaunchEnvironment(1, 2, 1, "127.0.0.1", port), TimeSpan.FromMinutes(1)))
            other.Broadcast([]); // it is told what NCCL joins by, and does not
        var ended = await MpiRun.FinishAsync(joining);
        AssertLost(expected, ended);
        Assert.DoesNotContain(Joined, ended.Text, StringComparison.Ordinal);
    }

    [ProgramTheory("gcc")]
    [InlineData("fail", "Process 0 of 1 has lost the others: remote process exited.")]
    public async Task A_process_whose_NCCL_fails_ends_with_a_sentence(string way, string expected)
    {
        using var process = Start(0, 1, ChildProgram.StayInNccl, Build("libnccl.so.2"), way);
        AssertLost(expected, await MpiRun.FinishAsync(process));
    }

    public void Dispose() => folder.Dispose();

    private static void AssertLost(string expected, (int ExitCode, string Text) ended)
    {
        Assert.Equal(1, ended.ExitCode);
        Assert.Contains(expected, ended.Text, StringComparison.Ordinal);
    }

    private async Task<(int ExitCode, string Text)[]> RunAsync(int processes, params IEnumerable<string> arguments)
    {
        var started = Enumerable.Range(0, processes).Select(rank => Start(rank, processes, arguments)).ToList();
        try
        {
            return await Task.WhenAll(started.Select(MpiRun.FinishAsync));
        }
        finally
        {
            started.ForEach(static process => process.Dispose());
        }
    }

    // One of several processes, as torchrun starts it.
    private Process Start(int rank, int processes, params IEnumerable<string> arguments) =>
        MpiRun.Start(
            "dotnet",
            ["exec", MpiRun.Child, .. arguments],
            ("MASTER_ADDR", "127.0.0.1"),
            ("MASTER_PORT", $"{port}"),
            ("RANK", $"{rank}"),
            ("LOCAL_RANK", $"{rank}"),
            ("WORLD_SIZE", $"{processes}")
        );

    private string Build(string place)
    {
        var source = Path.Combine(TestData.Golden, "..", "ImgAlign.Tests", "Training", "Parallel", "nccl-stub.c");
        var library = Path.Combine(folder.Path, place);
        Directory.CreateDirectory(Path.GetDirectoryName(library)!);
        using var gcc = Process.Start("gcc", ["-shared", "-fPIC", "-o", library, source]);
        gcc.WaitForExit();
        Assert.Equal(0, gcc.ExitCode);
        return library;
    }
}
