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

    /// <summary>Whether <c>mpirun</c> of Open MPI has started this process.</summary>
    /// <param name="variable">An environment variable's value by its name.</param>
    public static bool IsOfMpi(Func<string, string?> variable) => variable(MpiVariable) is not null;

    /// <summary>What torchrun's variables say; null where they are not set.</summary>
    /// <param name="variable">An environment variable's value by its name.</param>
    /// <exception cref="ImgAlignException">Some are set and others are not, or one is no such number.</exception>
    public static LaunchEnvironment? Read(Func<string, string?> variable)
    {
        if (variable("RANK") is null || variable("WORLD_SIZE") is null)
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
                    $"RANK and WORLD_SIZE are set, but {name} is not; start every process with all five variables of torchrun, or with "
                        + "none."
                );

        int Number(string name, int least, int most) =>
            int.TryParse(Text(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
                ? number
                : throw new ImgAlignException(
                    $"The environment variable {name} is '{variable(name)}', which is no number from {least} to {most}."
                );
    }
}
