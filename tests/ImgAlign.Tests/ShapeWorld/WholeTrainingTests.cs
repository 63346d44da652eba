using CliWrap;
using ImgAlign.ShapeWorld.Training;
using ImgAlign.Tests.Checkpoints;
using ImgAlign.Tests.Evaluation;

namespace ImgAlign.Tests.ShapeWorld;

/// <summary>
/// <c>imgalign world train</c> from nothing to a world, cut short, in processes as a user starts them: the weights depend on the seed alone.
/// Some minutes.
/// </summary>
[Trait("Category", "Slow")]
public sealed class WholeTrainingTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Fact]
    public async Task An_interrupted_training_goes_on_to_the_bytes_of_one_that_was_not()
    {
        var whole = await TrainAsync("whole", jobs: 1);
        Assert.True(whole.ExitCode == 0, whole.Error);

        // As `kill` does it, and then as a terminal and a service manager do, which reach the stages, too.
        var interrupted = await TrainAsync("interrupted", jobs: 2, stopAt: "answers", target: static process => $"{process}");
        Assert.Contains("answers: Stopped.\n", interrupted.Error, StringComparison.Ordinal);
        interrupted = await TrainAsync("interrupted", jobs: 2, stopAt: "detector", target: static process => $"-{process}");
        Assert.Contains("detector: Stopped.\n", interrupted.Error, StringComparison.Ordinal);
        var continued = await TrainAsync("interrupted", jobs: 2);

        Assert.StartsWith("SHA-256 of all weights ", whole.LastLine, StringComparison.Ordinal);
        Assert.Equal(whole.LastLine, continued.LastLine);
        Assert.Equal(Weights("whole"), Weights("interrupted"));
    }

    // In a group of its own, which a signal can be sent to.
    private async Task<(int ExitCode, string? LastLine, string Error)> TrainAsync(
        string folder,
        int jobs,
        string? stopAt = null,
        Func<int, string>? target = null
    )
    {
        string? lastLine = null;
        var errors = new List<string>();
        var isTraining = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        string[] arguments =
        [
            "world",
            "train",
            "--output",
            temporary.File(folder),
            "--steps",
            "2",
            "--no-gates",
            "--no-ablations",
            "--jobs",
            $"{jobs}",
        ];
        var run = CliWrap
            .Cli.Wrap("setsid")
            .WithArguments([Path.Combine(AppContext.BaseDirectory, "ImgAlign.Cli"), .. arguments])
            .WithStandardOutputPipe(PipeTarget.ToDelegate(line => lastLine = line))
            .WithStandardErrorPipe(
                PipeTarget.ToDelegate(line =>
                {
                    errors.Add(line);
                    if (stopAt is not null && line.StartsWith($"{stopAt}: step", StringComparison.Ordinal))
                        isTraining.TrySetResult();
                })
            )
            .WithValidation(CommandResultValidation.None)
            .ExecuteAsync();
        if (target is not null)
        {
            await Task.WhenAny(isTraining.Task, run.Task);
            await CliWrap.Cli.Wrap("sh").WithArguments(["-c", $"kill -TERM {target(run.ProcessId)}"]).ExecuteAsync();
        }
        return ((await run).ExitCode, lastLine, string.Join('\n', errors));
    }

    private Dictionary<string, string> Weights(string folder) =>
        EvaluationFolder.Snapshot(WorldTraining.WorldOf(temporary.File(folder)).Root);
}
