namespace ImgAlign.Cli.Jobs;

/// <summary>The pictures that a command line asks for.</summary>
/// <param name="Jobs">One for each picture.</param>
/// <param name="IsBatch"> Whether they are of a file of prompts or a folder of pictures: then done ones are skipped, and a failed one does
/// not end the run.
/// </param>
/// <param name="Root">The folder of the results.</param>
/// <param name="Failures">The name of the file in it that lists failures; another for each command, since they may share the
/// folder.</param>
/// <param name="Overwrite">Whether results of earlier runs are replaced.</param>
internal sealed record JobList(IReadOnlyList<PictureJob> Jobs, bool IsBatch, string Root, string Failures, bool Overwrite)
{
    /// <summary>Makes sure, before anything is computed, that results can be written, and finds the jobs that are still to do.</summary>
    /// <param name="results">Where results are kept.</param>
    /// <param name="run">What is asked for beside the jobs.</param>
    /// <exception cref="ImgAlignException">A result exists already or is of something else, or the folder cannot be written to.</exception>
    public IReadOnlyList<PictureJob> Pending(IResults results, RecordedRun run)
    {
        var pending = IsBatch && !Overwrite ? Jobs.Where(job => !IsDone(job, results, run)).ToList() : Jobs;
        results.Require(pending.Select(static job => job.Name));
        return pending;
    }

    private static bool IsDone(PictureJob job, IResults results, RecordedRun run)
    {
        if (results.FindRecord(job.Name) is not { } record)
            return false;
        RecordJson.RequireFor(job, run, record);
        return true;
    }
}
