using ImgAlign.Hub;

namespace ImgAlign.Checkpoints;

/// <summary>Folders in which models are published: plain ones, and those of the hub's local cache.</summary>
public static class ModelFolder
{
    /// <summary>
    /// The folder that holds a model's files: of a folder <c>models--org--name</c> of the hub's cache the snapshot that <c>refs/main</c>
    /// names (or the only snapshot), of any other folder itself.
    /// </summary>
    /// <param name="path">The folder, or a name of the hub (<see cref="HubName"/>).</param>
    /// <exception cref="CheckpointException">There is no such folder, or it is not clear which snapshot is meant.</exception>
    public static string Resolve(string path) => Resolve(path, ModelFiles.Filter);

    /// <summary>The same where not all of the model is needed.</summary>
    /// <param name="path">The folder, or a name of the hub.</param>
    /// <param name="files">Which of the files must be in the hub's cache.</param>
    /// <exception cref="CheckpointException">There is no such folder, or it is not clear which snapshot is meant.</exception>
    internal static string Resolve(string path, HubFilter files)
    {
        path = HubName.Locate(path, files);
        if (!Directory.Exists(path))
            throw new CheckpointException(path, "there is no such model folder.");
        var snapshots = Path.Combine(path, "snapshots");
        if (!Directory.Exists(snapshots))
            return path;

        var main = Path.Combine(path, "refs", "main");
        if (File.Exists(main))
        {
            var revision = File.ReadAllText(main).Trim();
            if (revision.Length == 0 || revision.StartsWith('.') || Path.GetFileName(revision) != revision)
                throw new CheckpointException(
                    main,
                    "does not name a snapshot; download the model anew, or give the path of one of its snapshots."
                );
            var snapshot = Path.Combine(snapshots, revision);
            return Directory.Exists(snapshot)
                ? snapshot
                : throw new CheckpointException(
                    path,
                    $"snapshot '{revision}' of refs/main is missing; download the model anew, or give the path of one of its snapshots."
                );
        }
        return Directory.GetDirectories(snapshots) is [var only]
            ? only
            : throw new CheckpointException(
                path,
                "has no refs/main and not exactly one snapshot; give the path of the snapshot that is meant."
            );
    }

    /// <summary>
    /// The checkpoint in a model's folder: <c>diffusion_pytorch_model</c>, <c>model</c> or <c>pytorch_model</c>, whole or in shards,
    /// safetensors before PyTorch pickles and full precision before <c>fp16</c>; else the only checkpoint file that is there.
    /// </summary>
    /// <param name="folder">The folder; one of the hub's cache is resolved.</param>
    /// <returns>The path of a checkpoint file or of an index of shards.</returns>
    /// <exception cref="CheckpointException">There is no checkpoint, or it is not clear which one is meant.</exception>
    public static string FindWeights(string folder)
    {
        folder = Resolve(folder);
        var published = PublishedNames.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
        if (published is not null)
            return published;

        var files = Directory.EnumerateFiles(folder).Where(ModelFiles.IsCheckpoint).Order(StringComparer.Ordinal).ToList();
        return files.Count switch
        {
            1 => files[0],
            0 => throw new CheckpointException(
                folder,
                "holds no checkpoint (such as model.safetensors or diffusion_pytorch_model.safetensors)."
            ),
            _ => throw new CheckpointException(
                folder,
                $"holds several checkpoints; name the file that is meant: {string.Join(", ", files.Take(5).Select(Path.GetFileName))}."
            ),
        };
    }

    private static readonly string[] PublishedNames =
    [
        .. from extension in new[] { "safetensors", "bin" }
        from variant in new[] { "", ".fp16" }
        from stem in new[] { "diffusion_pytorch_model", "model", "pytorch_model" }
        from name in new[]
        {
            $"{stem}{variant}.{extension}",
            $"{stem}{variant}.{extension}.index.json",
            $"{stem}.{extension}.index{variant}.json",
        }
        select name,
    ];
}
