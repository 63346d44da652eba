using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Training.Parallel;

/// <summary>
/// The processes that a launcher has started together: <c>mpirun</c> of Open MPI for networks on the CPU, <c>torchrun</c> or what sets its
/// environment for one process a GPU.
/// </summary>
public static class ProcessGroup
{
    /// <summary>Joins the processes that were started with this one; once a process.</summary>
    /// <param name="device">Where this process trains.</param>
    /// <returns>The group; of one where no launcher has started this process.</returns>
    /// <exception cref="ImgAlignException">The launcher is not known or does not fit the device, its library is missing, or the others do not
    /// come.</exception>
    public static IProcessGroup Join(Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        var isOnGpu = device.type == DeviceType.CUDA;
        var launch = LaunchEnvironment.Read(Environment.GetEnvironmentVariable);
        if (launch is { Size: > 1 })
        {
            return isOnGpu
                ? NcclProcessGroup.Join(launch, device)
                : throw new ImgAlignException(
                    $"RANK and WORLD_SIZE are set for {launch.Size} processes, which NCCL joins on GPUs, but this one trains on "
                        + $"{device.type}; name --device cuda, or start processes on the CPU with mpirun."
                );
        }
        if (!LaunchEnvironment.IsOfMpi(Environment.GetEnvironmentVariable))
        {
            if (launch is null)
                LaunchEnvironment.RequireAlone(Environment.GetEnvironmentVariable);
            return SingleProcess.Instance;
        }
        return isOnGpu
            ? throw new ImgAlignException(
                "Processes that mpirun starts train on the CPU; for GPUs start one process each with torchrun, or set its variables "
                    + "(RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR, MASTER_PORT)."
            )
            : MpiProcessGroup.Join();
    }

    /// <summary>The device of this process among those of its machine: <c>cuda</c> becomes the GPU of its local rank.</summary>
    /// <param name="device">As a user names it.</param>
    /// <exception cref="ImgAlignException">The launcher's variables are incomplete, or one is no such number.</exception>
    public static string? LocalDevice(string? device) =>
        device == "cuda" && LaunchEnvironment.Read(Environment.GetEnvironmentVariable) is { } launch ? $"cuda:{launch.LocalRank}" : device;
}
