using System.Globalization;

namespace ImgAlign.Training.Parallel;

/// <summary>What a launcher tells a process by environment variables. <c>mpirun</c> sets its own; <c>torchrun</c> sets <c>RANK</c>,
/// <c>WORLD_SIZE</c>, <c>LOCAL_RANK</c>, <c>MASTER_ADDR</c> and <c>MASTER_PORT</c>, and so may a script.</summary>
/// <param name="Rank">Which process this is, from 0.</param>
/// <param name="Size">How many there are.</param>
/// <param name="LocalRank">Which process of its machine this is, from 0: the number of its GPU.</param>
/// <param name="Host">The name or address of the first process's machine.</param>
/// <param name="Port">The port at which the first process listens.</param>
internal sealed record LaunchEnvironment(int Rank, int Size, int LocalRank, string Host, int Port)
{
    private const string MpiVariable = "OMPI_COMM_WORLD_SIZE";

    // By which MPICH's mpirun and Slurm's srun say how many processes there are.
    private static readonly string[] OtherLaunchers = ["PMI_SIZE", "SLURM_NTASKS"];

    /// <summary>Whether <c>mpirun</c> of Open MPI has started this process.</summary>
    /// <param name="variable">An environment variable's value by its name.</param>
    public static bool IsOfMpi(Func<string, string?> variable) => variable(MpiVariable) is not null;

    /// <summary>Refuses to be one of several processes whose launcher sets neither Open MPI's variables nor torchrun's: each would train
    /// alone, in one folder.</summary>
    /// <param name="variable">An environment variable's value by its name.</param>
    /// <exception cref="ImgAlignException">Slurm or another MPI has started several.</exception>
    public static void RequireAlone(Func<string, string?> variable)
    {
        foreach (var name in OtherLaunchers)
        {
            if (int.TryParse(variable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var size) && size > 1)
                throw new ImgAlignException(
                    $"{name} says that {size} processes were started together, but neither Open MPI's mpirun nor torchrun tells this one "
                        + $"its rank; start them with one of the two (within srun, too), or unset {name} for one process alone."
                );
        }
    }

    /// <summary>What torchrun's variables say; null where RANK and WORLD_SIZE are not set.</summary>
    /// <param name="variable">An environment variable's value by its name.</param>
    /// <exception cref="ImgAlignException">Some are set and others are not, or one is no such number.</exception>
    public static LaunchEnvironment? Read(Func<string, string?> variable)
    {
        if (variable("RANK") is null && variable("WORLD_SIZE") is null)
            return null;
        var size = Number("WORLD_SIZE", 1, int.MaxValue);
        var rank = Number("RANK", 0, size - 1);
        var localRank = Number("LOCAL_RANK", 0, rank);
        // torchrun's own store listens at the port that it names.
        var isTaken = bool.TryParse(variable("TORCHELASTIC_USE_AGENT_STORE"), out var uses) && uses;
        var port = Number("MASTER_PORT", 1, ushort.MaxValue - 1) + (isTaken ? 1 : 0);
        return new LaunchEnvironment(rank, size, localRank, Text("MASTER_ADDR"), port);

        string Text(string name) =>
            variable(name) is { Length: > 0 } text
                ? text
                : throw new ImgAlignException(
                    $"RANK or WORLD_SIZE is set, but {name} is not; start every process with all five variables of torchrun (RANK, "
                        + "WORLD_SIZE, LOCAL_RANK, MASTER_ADDR, MASTER_PORT), or with none."
                );

        int Number(string name, int least, int most) =>
            int.TryParse(Text(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
                ? number
                : throw new ImgAlignException(
                    $"The environment variable {name} is '{variable(name)}', which is no number from {least} to {most}."
                );
    }
}
