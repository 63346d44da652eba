using System.Text.Json;
using TorchSharp;

namespace ImgAlign.Checkpoints;

/// <summary>Several files with one index, as the hub publishes large models: <c>model.safetensors.index.json</c>.</summary>
internal sealed class ShardedCheckpoint : Checkpoint
{
    private const long LargestIndex = 10_000_000;

    private readonly Dictionary<string, Checkpoint> shards = [];
    private readonly Dictionary<string, Checkpoint> shardOf = [];
    private readonly Dictionary<string, TensorInfo> tensors = [];

    /// <summary>Reads the index and opens all its shards.</summary>
    /// <param name="path">The index.</param>
    /// <exception cref="CheckpointException">The index is broken, or a shard is missing, broken or not what the index says.</exception>
    public ShardedCheckpoint(string path)
    {
        Source = path;
        try
        {
            foreach (var (name, file) in ReadIndex(path))
            {
                if (!shards.TryGetValue(file, out var shard))
                    shards[file] = shard = OpenShard(path, file);
                if (!shard.Tensors.ContainsKey(name))
                    throw new CheckpointException(
                        shard.Source,
                        "is not in this shard although the index says so; do index and shards belong together?",
                        name
                    );
                shardOf[name] = shard;
            }
        }
        catch
        {
            Dispose();
            throw;
        }
        // A shard may hold more than the index lists (buffers, for example), as transformers reads it.
        foreach (var shard in shards.Values)
        {
            foreach (var (name, info) in shard.Tensors)
            {
                if (shardOf.TryAdd(name, shard) || shardOf[name] == shard)
                    tensors.Add(name, info);
            }
        }
    }

    /// <inheritdoc/>
    public override string Source { get; }

    /// <inheritdoc/>
    internal override IEnumerable<string> Files => shards.Values.SelectMany(static shard => shard.Files).Prepend(Source);

    /// <inheritdoc/>
    public override string Format => $"{shards.Values.First().Format} in {shards.Count} shards";

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, TensorInfo> Tensors => tensors;

    /// <inheritdoc/>
    public override string FileOf(string name) => shardOf.TryGetValue(name, out var shard) ? shard.Source : Source;

    /// <inheritdoc/>
    public override torch.Tensor Read(string name) => shardOf.TryGetValue(name, out var shard) ? shard.Read(name) : throw Missing(name);

    /// <inheritdoc/>
    internal override CompactMatrix ReadCompact(string name) => shardOf[name].ReadCompact(name);

    /// <inheritdoc/>
    internal override void ReleasePages()
    {
        foreach (var shard in shards.Values)
            shard.ReleasePages();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        foreach (var shard in shards.Values)
            shard.Dispose();
        base.Dispose(disposing);
    }

    private static Checkpoint OpenShard(string index, string file)
    {
        // A plain name: an index never leads out of its folder.
        if (file is "" or "." or ".." || Path.GetFileName(file) != file)
            throw new CheckpointException(index, $"names the shard '{file}'; shards lie beside their index.");
        var path = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(index))!, file);
        if (!File.Exists(path))
            throw new CheckpointException(index, $"its shard '{file}' is missing; download the model completely.");
        return OpenFile(path);
    }

    private static Dictionary<string, string> ReadIndex(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        if (file.Length > LargestIndex)
            throw new CheckpointException(path, $"is {file.Length} bytes long, too long for an index of shards.");
        try
        {
            var json = new JsonStreamReader(file, file.Length);
            Dictionary<string, string>? shardOf = null;
            json.Expect(JsonTokenType.StartObject, "an object");
            while (json.ReadName() is { } key)
            {
                if (key == "weight_map" && shardOf is null)
                    shardOf = ReadMap(ref json);
                else
                    json.SkipValue();
            }
            json.ExpectEnd();
            if (shardOf is null or { Count: 0 })
                throw new FormatException("it has no 'weight_map' from tensors to shards.");
            return shardOf;
        }
        catch (Exception exception) when (exception is JsonException or FormatException or InvalidOperationException)
        {
            throw new CheckpointException(path, $"is not a readable index of shards: {exception.Message}", innerException: exception);
        }
    }

    private static Dictionary<string, string> ReadMap(ref JsonStreamReader json)
    {
        var shardOf = new Dictionary<string, string>();
        json.Expect(JsonTokenType.StartObject, "an object under 'weight_map'");
        while (json.ReadName() is { } name)
        {
            if (!shardOf.TryAdd(name, json.ReadString($"the shard of '{name}'")))
                throw new FormatException($"tensor '{name}' is there twice.");
        }
        return shardOf;
    }
}
