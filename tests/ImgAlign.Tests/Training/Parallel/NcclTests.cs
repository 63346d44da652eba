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
    private readonly TemporaryFolder folder = new();

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
    [InlineData(4)]
    public void Its_functions_get_what_they_expect(int length)
    {
        var library = NativeLibrary.Load(Build("libnccl.so.2"));
        using var group = NcclProcessGroup.Join(
            new LaunchEnvironment(0, 1, 0, "127.0.0.1", 29500),
            new Nccl(library),
            new CudaStream(library, device: 3)
        );
        using var tensor = torch.zeros(length);
        group.Broadcast(tensor);
        group.ReduceScatterMean(tensor);
        group.AllGather(tensor);
        group.Synchronize();
        Assert.All(tensor.data<float>().ToArray(), static value => Assert.Equal(3f, value));
        Assert.Equal("text", group.Broadcast("text"));
        Assert.Equal(2.5, group.Sum(2.5));

        using var whole = torch.zeros(length, torch.int64);
        Assert.Contains("Int64", Assert.Throws<ArgumentException>(() => group.AllGather(whole)).Message, StringComparison.Ordinal);
        using var doubles = torch.zeros(length, torch.float64);
        Assert.Contains(
            "invalid argument",
            Assert.Throws<ImgAlignException>(() => group.AllGather(doubles)).Message,
            StringComparison.Ordinal
        );
        group.Complete();
    }

    [ProgramTheory("gcc")]
    [InlineData("fail", "Process 0 of 1 has lost the others: remote process exited.")]
    public async Task A_process_that_waits_in_vain_ends_with_a_sentence(string way, string expected)
    {
        var start = new ProcessStartInfo("dotnet", ["exec", MpiRun.Child, ChildProgram.WaitForNccl, Build("libnccl.so.2"), way])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        using var process = Process.Start(start)!;
        var (exitCode, text) = await MpiRun.FinishAsync(process);
        Assert.Equal(1, exitCode);
        Assert.Contains(expected, text, StringComparison.Ordinal);
    }

    public void Dispose() => folder.Dispose();

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
