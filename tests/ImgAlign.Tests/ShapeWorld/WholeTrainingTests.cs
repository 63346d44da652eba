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

        // Ctrl-C while two stages are trained at once.
        using var interruption = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            TrainAsync("interrupted", jobs: 2, line => InterruptAt("stage unet", line), interruption.Token)
        );
        Assert.False(File.Exists(WorldTraining.WorldOf(temporary.File("interrupted")).Aligner));
        var continued = await TrainAsync("interrupted", jobs: 2);

        Assert.StartsWith("SHA-256 of all weights ", whole, StringComparison.Ordinal);
        Assert.Equal(whole, continued);
        Assert.Equal(Weights("whole"), Weights("interrupted"));

        void InterruptAt(string moment, string line)
        {
            if (line == moment)
                interruption.Cancel();
        }
    }

    // The last line that it prints.
    private async Task<string> TrainAsync(string folder, int jobs, Action<string>? follow = null, CancellationToken interruption = default)
    {
        var lines = new List<string>();
        var errors = new List<string>();
        var run = await CliWrap
            .Cli.Wrap(Path.Combine(AppContext.BaseDirectory, "ImgAlign.Cli"))
            .WithArguments([
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
            ])
            .WithStandardOutputPipe(PipeTarget.ToDelegate(lines.Add))
            .WithStandardErrorPipe(
                PipeTarget.ToDelegate(line =>
                {
                    errors.Add(line);
                    follow?.Invoke(line);
                })
            )
            .WithValidation(CommandResultValidation.None)
            .ExecuteAsync(CancellationToken.None, interruption);
        Assert.True(run.ExitCode == 0, string.Join('\n', errors));
        return lines[^1];
    }

    private Dictionary<string, string> Weights(string folder) =>
        EvaluationFolder.Snapshot(WorldTraining.WorldOf(temporary.File(folder)).Root);
}
