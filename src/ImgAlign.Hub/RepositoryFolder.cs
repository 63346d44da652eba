using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace ImgAlign.Hub;

/// <summary>One repository's folder in the cache: the names in it, and its small files.</summary>
internal sealed partial class RepositoryFolder(string folder)
{
    private static readonly JsonSerializerOptions AsPythonWrites = new()
    {
        WriteIndented = true,
        IndentSize = 1,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public string Name => Path.GetFileName(folder);

    public string Blobs => Path.Combine(folder, "blobs");

    public string Snapshot(string commit) => Path.Combine(folder, "snapshots", commit);

    public string FileOf(string commit, HubFile file) => Path.Combine(Snapshot(commit), Local(file.Path));

    public string BlobOf(HubFile file) => Path.Combine(Blobs, file.Checksum);

    /// <summary>The commit of a revision, as it was when the hub was last asked.</summary>
    public string? CommitOf(HubReference reference)
    {
        if (reference.IsCommit)
            return Directory.Exists(Snapshot(reference.Revision)) ? reference.Revision : null;
        var file = RefOf(reference.Revision);
        if (!File.Exists(file))
            return null;
        var commit = File.ReadAllText(file).Trim();
        return SafeName.IsCommit(commit)
            ? commit
            : throw new HubException(HubError.Corrupt, $"{file} holds no commit: delete it, so that the hub is asked again.");
    }

    public void WriteRef(string revision, string commit) => WholeFile.Write(RefOf(revision), commit);

    /// <summary>What a commit consists of, if it is noted down.</summary>
    public IReadOnlyList<HubFile>? ReadTree(string commit)
    {
        var file = TreeOf(commit);
        if (!File.Exists(file))
            return null;
        try
        {
            var root = Required(JsonNode.Parse(File.ReadAllText(file)));
            if ((int)Required(root["format_version"]) != 1)
                return null;
            var files = Required(root["files"])
                .AsObject()
                .Select(entry =>
                {
                    var value = Required(entry.Value);
                    return new HubFile(
                        entry.Key,
                        (long)Required(value["lfs_size"] ?? value["size"]),
                        (string)Required(value["blob_id"])!,
                        (string?)value["lfs_sha256"],
                        (string?)value["xet_hash"]
                    );
                })
                .ToArray();
            RepositoryNames.Check(files, file);
            return files;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or ArgumentException)
        {
            throw new HubException(HubError.Corrupt, $"{file} cannot be read: delete it, so that the hub is asked again.", e);
        }
    }

    private static JsonNode Required(JsonNode? node) => node ?? throw new FormatException("A value is missing or null.");

    public void WriteTree(string commit, IReadOnlyList<HubFile> tree)
    {
        var files = new JsonObject();
        foreach (var file in tree.OrderBy(file => file.Path, StringComparer.Ordinal))
        {
            var entry = new JsonObject { ["size"] = file.Size, ["blob_id"] = file.BlobId };
            if (file.LfsSha256 is not null)
            {
                entry["lfs_sha256"] = file.LfsSha256;
                entry["lfs_size"] = file.Size;
            }
            if (file.XetHash is not null)
                entry["xet_hash"] = file.XetHash;
            files[file.Path] = entry;
        }
        var json = new JsonObject { ["format_version"] = 1, ["files"] = files }.ToJsonString(AsPythonWrites);
        WholeFile.Write(TreeOf(commit), NotAscii().Replace(json, character => $"\\u{(int)character.Value[0]:x4}"));
    }

    /// <summary>The files of a snapshot without a tree; nothing is known of them beyond their size.</summary>
    public IReadOnlyList<HubFile> Listed(string commit)
    {
        var snapshot = Snapshot(commit);
        if (!Directory.Exists(snapshot))
            return [];
        return
        [
            .. Directory
                .EnumerateFiles(snapshot, "*", SearchOption.AllDirectories)
                .Where(file => Length(file) is not null)
                .Select(file => new HubFile(
                    Path.GetRelativePath(snapshot, file).Replace(Path.DirectorySeparatorChar, '/'),
                    Length(file)!.Value,
                    ""
                )),
        ];
    }

    public HubFile[] MissingOf(string commit, IEnumerable<HubFile> files) =>
        [.. files.Where(file => Length(FileOf(commit, file)) != file.Size)];

    /// <summary>Bytes of a file, through links; null where there is none or a link leads nowhere.</summary>
    public static long? Length(string path)
    {
        var file = new FileInfo(path);
        var target = file.LinkTarget is null ? file : file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo;
        return target is { Exists: true } ? target.Length : null;
    }

    private static string Local(string path) => path.Replace('/', Path.DirectorySeparatorChar);

    private string RefOf(string revision) => Path.Combine(folder, "refs", Local(revision));

    private string TreeOf(string commit) => Path.Combine(folder, "trees", commit + ".json");

    [GeneratedRegex("[^\\x00-\\x7F]")]
    private static partial Regex NotAscii();
}
