namespace ImgAlign.Server.Jobs;

/// <summary>Given pictures and results in the data folder. Paths are made of ids that the server made, never of what a request says.</summary>
internal sealed class JobFiles
{
    private readonly string inputs;
    private readonly string results;
    private readonly string unfinished;

    public JobFiles(ImgAlignServerOptions options)
    {
        inputs = Directory.CreateDirectory(Path.Combine(options.DataPath, "inputs")).FullName;
        results = Directory.CreateDirectory(Path.Combine(options.DataPath, "results")).FullName;
        unfinished = Directory.CreateDirectory(Path.Combine(options.DataPath, "unfinished")).FullName;
    }

    /// <summary>A new id for a job.</summary>
    public static string NewId() => Guid.CreateVersion7().ToString("N");

    /// <summary>Reads an id of a request; null: it cannot be one.</summary>
    public static string? ReadId(string text) => Guid.TryParseExact(text, "N", out var id) ? id.ToString("N") : null;

    /// <summary>Where the picture is that a job aligns.</summary>
    public string InputOf(string id) => Path.Combine(inputs, id);

    /// <summary>Where a picture of a finished job is.</summary>
    /// <param name="job">The job.</param>
    /// <param name="name">A name that came with a request; it is only compared.</param>
    /// <exception cref="ApiException">The job has no such picture.</exception>
    public string Find(Job job, string name)
    {
        if (name == "input" && job.Request.Image is not null)
            return InputOf(job.Id);
        var file = job.Result?.Pictures.SelectMany(static picture => picture.Files).FirstOrDefault(file => file == name);
        return file is null
            ? throw ApiException.NotFound("This job has no such picture; its result names those that there are.")
            : Path.Combine(results, job.Id, file);
    }

    /// <summary>A folder for the pictures of an attempt.</summary>
    public string NewFolder() => Directory.CreateDirectory(Path.Combine(unfinished, Guid.NewGuid().ToString("N"))).FullName;

    /// <summary>Makes a folder of an attempt a job's result, in the place of what an attempt left that died before it was recorded.</summary>
    public void Keep(string folder, string id)
    {
        if (!Directory.Exists(folder))
            return; // an earlier try to record the result has moved it
        var target = Path.Combine(results, id);
        if (Directory.Exists(target))
            Directory.Delete(target, recursive: true);
        Directory.Move(folder, target);
    }

    /// <summary>Deletes what belongs to a job.</summary>
    public void Delete(string id)
    {
        File.Delete(InputOf(id));
        var folder = Path.Combine(results, id);
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }

    /// <summary>The ids of jobs that something is kept of.</summary>
    /// <param name="age">How old it must be.</param>
    public IEnumerable<string> Ids(TimeSpan age) =>
        new[] { inputs, results }
            .SelectMany(static folder => new DirectoryInfo(folder).EnumerateFileSystemInfos())
            .Where(kept => DateTime.UtcNow - kept.LastWriteTimeUtc > age)
            .Select(static kept => ReadId(kept.Name))
            .OfType<string>()
            .Distinct();

    /// <summary>The bytes that a job's files take.</summary>
    public long SizeOf(string id)
    {
        var input = new FileInfo(InputOf(id));
        var folder = new DirectoryInfo(Path.Combine(results, id));
        return (input.Exists ? input.Length : 0) + (folder.Exists ? folder.EnumerateFiles().Sum(static file => file.Length) : 0);
    }

    /// <summary>Deletes what attempts left that ended without a result.</summary>
    /// <param name="age">How old it must be, so that no attempt is still at it.</param>
    public void DeleteUnfinished(TimeSpan age)
    {
        foreach (var folder in new DirectoryInfo(unfinished).EnumerateDirectories())
        {
            if (DateTime.UtcNow - folder.LastWriteTimeUtc > age)
                folder.Delete(recursive: true);
        }
    }
}
