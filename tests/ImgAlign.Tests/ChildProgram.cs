using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using ImgAlign.Cli;
using ImgAlign.Runtime;
using ImgAlign.Testing.Golden;
using ImgAlign.Testing.Kinds;
using ImgAlign.Training.Native;
using ImgAlign.Training.Parallel;
using TorchSharp;

namespace ImgAlign.Tests;

/// <summary>What tests run in a process of its own, since it may end that process: <c>dotnet exec ImgAlign.Tests.dll NAME</c>.</summary>
internal static class ChildProgram
{
    /// <summary>A bfloat16 product on the device's thread, and then a null reference there that is caught.</summary>
    public const string NullReferenceAfterProduct = "null-reference-after-product";

    /// <summary>The tool <c>imgalign</c>; its arguments follow.</summary>
    public const string Tool = "tool";

    /// <summary>A golden case in the processes that <c>mpirun</c> has started; its folder follows, and <c>whole</c> or <c>sharded</c>: how
    /// they keep the optimiser's state.</summary>
    public const string GoldenOverProcesses = "golden-over-processes";

    /// <summary>A process whose NCCL fails while it waits for a GPU; the library follows, and the function by which it is told to
    /// fail.</summary>
    public const string WaitForNccl = "wait-for-nccl";

    private static async Task<int> Main(string[] arguments)
    {
        if (arguments is [GoldenOverProcesses, var folder, var state])
            return RunGolden(folder, isSharded: state == "sharded");
        if (arguments is [WaitForNccl, var library, var failure])
            return FailInNccl(NativeLibrary.Load(library), failure);
        if (arguments is [Tool, .. var words])
            return await CommandLineProgram.RunAsync(words, Console.Out, Console.Error, CancellationToken.None);
        if (arguments is not [NullReferenceAfterProduct])
            return 2;
        using var runtime = new DeviceRuntime(new RuntimeOptions());
        await runtime.RunAsync(() =>
        {
            _ = torch.ones([512, 512], dtype: torch.bfloat16).mm(torch.ones([512, 512], dtype: torch.bfloat16));
            CatchNullReference();
        });
        Console.WriteLine("survived");
        return 0;
    }

    private static int RunGolden(string folder, bool isSharded)
    {
        LibTorchLoader.Load();
        using var group = ProcessGroup.Join(torch.CPU);
        var result = new GoldenRunner()
            .Add("data-parallel", (golden, device) => PreferenceKinds.Train(golden, device, group, isSharded))
            .Run(folder, torch.CPU);
        // The first process alone is told of the steps.
        if (group.Rank == 0 && !result.Passed)
        {
            Console.WriteLine(string.Join("; ", result.Problems));
            return 1;
        }
        group.Complete();
        return 0;
    }

    private static int FailInNccl(nint library, string failure)
    {
        LibTorchLoader.Load();
        using var group = NcclProcessGroup.Join(
            new LaunchEnvironment(0, 1, 0, "127.0.0.1", 29500),
            new Nccl(library),
            new CudaStream(library, device: 3)
        );
        Marshal.GetDelegateForFunctionPointer<Action>(NativeLibrary.GetExport(library, failure))();
        Thread.Sleep(Timeout.Infinite);
        return 0;
    }

    [SuppressMessage("Usage", "CA1806", Justification = "The length is read for its null check.")]
    private static void CatchNullReference()
    {
        try
        {
            _ = Environment.GetEnvironmentVariable("IMGALIGN_NEVER_SET")!.Length;
        }
        catch (NullReferenceException)
        {
            // The thread can handle it.
        }
    }
}
