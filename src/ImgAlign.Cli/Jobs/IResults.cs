namespace ImgAlign.Cli.Jobs;

/// <summary>Where the results of jobs are kept, by the jobs' names.</summary>
internal interface IResults
{
    /// <summary>Makes sure, before anything is computed, that results can be written.</summary>
    /// <exception cref="ImgAlignException"> A result exists already and is not to be replaced, or the folder cannot be written to.
    /// </exception>
    void Require(IEnumerable<string> names);

    /// <summary>The record of a complete result, or null where there is none.</summary>
    string? FindRecord(string name);
}
