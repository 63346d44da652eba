using System.Reflection;
using System.Runtime.InteropServices;
using CliWrap;
using ImgAlign.ShapeWorld.Training;

namespace ImgAlign.Cli.Train;

/// <summary>
/// Trains all stages of a world that have not passed, each in a process of its own as soon as what it builds on is there: on two cores two
/// stages on one thread each are faster than one on two.
/// </summary>
/// <param name="terminal">Where the stages' lines go.</param>
/// <param name="training">The training.</param>
/// <param name="arguments">The arguments of this program that train a stage of it, but for which one.</param>
/// <param name="withAblations">Whether what is trained for measurements only is among them.</param>
internal sealed class StageSchedule(Terminal terminal, WorldTraining training, IReadOnlyList<string> arguments, bool withAblations)
{
    private const int Terminate = 15; // SIGTERM

    private readonly Dictionary<Task, string> running = [];

    /// <summary>Trains; a stage that fails is the last one to begin, and those that run are waited for.</summary>
    /// <param name="jobs">The most stages at once.</param>
    /// <param name="cancellationToken">Ends all stages after their current step; another training goes on where they were.</param>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(int jobs, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            await TrainAsync(jobs, ending.Token);
        }
        catch
        {
            // No process outlives this one.
            await ending.CancelAsync();
            await Task.WhenAll(running.Keys).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
        terminal.Out.WriteText(training.Folder.Root);
        terminal.Out.WriteText($"SHA-256 of all weights {training.HashWeights()}");
        return 0;
    }

    private async Task TrainAsync(int jobs, CancellationToken cancellationToken)
    {
        var failed = new List<string>();
        while (true)
        {
            if (failed.Count == 0)
            {
                foreach (var stage in training.FindReady(withAblations).Except(running.Values).Take(jobs - running.Count))
                {
                    terminal.Error.WriteText($"stage {stage}");
                    running.Add(StartAsync(stage, cancellationToken), stage);
                }
            }
            if (running.Count == 0)
                break;
            var ended = (Task<CommandResult>)await Task.WhenAny(running.Keys);
            cancellationToken.ThrowIfCancellationRequested();
            if ((await ended).ExitCode != 0)
                failed.Add(running[ended]);
            running.Remove(ended);
        }
        if (failed.Count > 0)
            throw new ImgAlignException($"{string.Join(" and ", failed)}: see above; the stages that have passed are kept.");
    }

    // Asked to end, not killed, so that a stage writes a checkpoint. Not by SIGINT, where there is another: what a shell starts in the background
    // ignores that, and so do all processes that come of it.
    private async Task<CommandResult> StartAsync(string stage, CancellationToken cancellationToken)
    {
        var run = CliWrap
            .Cli.Wrap(Environment.ProcessPath!)
            .WithArguments([.. OwnAssembly(), .. arguments, "--stage", stage])
            .WithStandardOutputPipe(PipeTarget.ToDelegate(terminal.Out.WriteText))
            .WithStandardErrorPipe(PipeTarget.ToDelegate(line => terminal.Error.WriteText($"{stage}: {line}")))
            .WithValidation(CommandResultValidation.None)
            .ExecuteAsync(CancellationToken.None, OperatingSystem.IsWindows() ? cancellationToken : CancellationToken.None);
        using var ending = OperatingSystem.IsWindows()
            ? default
            : cancellationToken.Register(() => _ = SendSignal(run.ProcessId, Terminate));
        return await run;
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int SendSignal(int process, int signal);

    // The host `dotnet` is told which program to run; a program of its own is itself.
    private static IEnumerable<string> OwnAssembly() =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [Assembly.GetEntryAssembly()!.Location] : [];
}
