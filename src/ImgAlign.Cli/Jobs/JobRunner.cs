using System.Text.Encodings.Web;
using System.Text.Json;
using ImgAlign.Checkpoints;

namespace ImgAlign.Cli.Jobs;

/// <summary>Runs jobs in requests of the batch size, with models that stay loaded.</summary>
/// <param name="terminal">Where failures are shown.</param>
/// <param name="list">The jobs.</param>
/// <param name="batchSize">The most jobs of a request.</param>
internal sealed class JobRunner(Terminal terminal, JobList list, int batchSize)
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly string failuresPath = Path.Combine(Path.GetFullPath(list.Root), list.Failures);

    /// <summary>Runs the jobs that are still to do.</summary>
    /// <param name="pending">Those jobs.</param>
    /// <param name="run">Runs one request, and writes its results.</param>
    /// <returns>The exit code: 0, or 1 where jobs of a batch failed.</returns>
    public async Task<int> RunAsync(IReadOnlyList<PictureJob> pending, Func<IReadOnlyList<PictureJob>, Task> run)
    {
        if (!list.IsBatch)
        {
            foreach (var batch in pending.Chunk(batchSize))
                await run(batch);
            return 0;
        }
        if (pending.Count < list.Jobs.Count)
            terminal.Error.WriteText($"{list.Jobs.Count - pending.Count} of {list.Jobs.Count} are done already.");
        if (File.Exists(failuresPath))
            File.Delete(failuresPath); // what failed before is tried again
        var failed = 0;
        foreach (var batch in pending.Chunk(batchSize))
            failed += await CountFailuresAsync(batch, run);
        if (failed == 0)
            return 0;
        terminal.Error.WriteText($"{failed} of {list.Jobs.Count} failed; {failuresPath} says why, and the same command tries them again.");
        return 1;
    }

    // Where a request fails, each of its jobs gets one of its own, so that those fail alone that are the reason.
    private async Task<int> CountFailuresAsync(PictureJob[] batch, Func<IReadOnlyList<PictureJob>, Task> run)
    {
        try
        {
            await run(batch);
            return 0;
        }
        catch (Exception exception) when (IsOfJob(exception))
        {
            if (batch is [var job])
            {
                Record(job, CommandLineProgram.OneSentence(exception));
                return 1;
            }
        }
        var failed = 0;
        foreach (var job in batch)
            failed += await CountFailuresAsync([job], run);
        return failed;
    }

    // Models that cannot be read, or a full disk, would fail all jobs alike.
    private static bool IsOfJob(Exception exception) =>
        exception is InvalidRequestException or (ImgAlignException and not CheckpointException);

    private void Record(PictureJob job, string error)
    {
        terminal.Error.WriteText($"{job.Name}: {error}");
        Directory.CreateDirectory(Path.GetDirectoryName(failuresPath)!);
        File.AppendAllText(
            failuresPath,
            JsonSerializer.Serialize(
                new
                {
                    job.Name,
                    job.Prompt,
                    job.Seed,
                    Error = error,
                },
                Options
            ) + "\n"
        );
    }
}
