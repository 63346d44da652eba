using System.Diagnostics.CodeAnalysis;
using System.Globalization;
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

    /// <summary>A golden case in the processes that were started together; its folder follows, <c>whole</c> or <c>sharded</c>: how they
    /// keep the optimiser's state, and NCCL's library, where they join by that and not by MPI.</summary>
    public const string GoldenOverProcesses = "golden-over-processes";

    /// <summary>What processes exchange by NCCL, whose library follows; each writes what it has in the end.</summary>
    public const string ExchangeByNccl = "exchange-by-nccl";

    /// <summary>A process that joins others by NCCL, whose library follows, says so, and never ends by itself: what it does instead
    /// follows, <c>exchange</c>, <c>sleep</c>, or the library's function that has NCCL fail.</summary>
    public const string StayInNccl = "stay-in-nccl";

    private static async Task<int> Main(string[] arguments)
    {
        if (arguments is [GoldenOverProcesses, var folder, var state, .. var nccl])
            return RunGolden(folder, isSharded: state == "sharded", nccl.SingleOrDefault());
        if (arguments is [ExchangeByNccl, var exchanging])
            return Exchange(exchanging);
        if (arguments is [StayInNccl, var library, var way])
            return Stay(library, way);
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

    private static int RunGolden(string folder, bool isSharded, string? nccl)
    {
        LibTorchLoader.Load();
        using var group = nccl is null ? ProcessGroup.Join(torch.CPU) : JoinByNccl(nccl);
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

    private static int Exchange(string nccl)
    {
        LibTorchLoader.Load();
        using var group = JoinByNccl(nccl);
        var told = group.Broadcast($"said by {group.Rank}");
        using var first = Parts(_ => 1 + group.Rank);
        group.Broadcast(first);
        using var mean = Parts(part => part + 100 * group.Rank);
        group.ReduceScatterMean(mean);
        group.AllGather(mean);
        group.Synchronize();
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{group.Rank} of {group.Size}: {group.Sum(1 + group.Rank)}; {told}; {Numbers(first)}; {Numbers(mean)}"
            )
        );
        group.Complete();
        return 0;

        torch.Tensor Parts(Func<int, float> valueOfPart) =>
            torch.tensor(Enumerable.Range(0, group.Size).SelectMany(part => Enumerable.Repeat(valueOfPart(part), 16)).ToArray());

        static string Numbers(torch.Tensor tensor) => string.Join(' ', tensor.data<float>().Distinct());
    }

    private static int Stay(string nccl, string way)
    {
        LibTorchLoader.Load();
        try
        {
            using var group = JoinByNccl(nccl);
            Console.WriteLine("joined");
            using var tensor = torch.zeros(16 * group.Size);
            if (way == "exchange")
                group.AllGather(tensor);
            else if (way != "sleep")
                Marshal.GetDelegateForFunctionPointer<Action>(NativeLibrary.GetExport(NativeLibrary.Load(nccl), way))();
            Thread.Sleep(Timeout.Infinite);
            return 0;
        }
        catch (ImgAlignException exception)
        {
            Console.Error.WriteLine(exception.Message);
            return 1;
        }
    }

    private static NcclProcessGroup JoinByNccl(string file)
    {
        var (library, launch) = (NativeLibrary.Load(file), LaunchEnvironment.Read(Environment.GetEnvironmentVariable)!);
        return NcclProcessGroup.Join(launch, new Nccl(library), new CudaStream(library, launch.LocalRank));
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
