using System.IO.Compression;
using System.Text.Json;
using ImgAlign.Checkpoints;
using ImgAlign.Testing.Golden;

namespace ImgAlign.Testing.Kinds;

/// <summary>
/// Manifests: the configuration, names and shapes of a published checkpoint, without data. The network built from the configuration must
/// need exactly these tensors.
/// </summary>
internal static class ManifestKind
{
    public static void Add(GoldenRunner runner) => runner.AddFiles("manifest", IsManifest, Check);

    // Of CLIP's training, and the factor of PickScore; no network computes with it.
    private const string Temperature = "logit_scale";

    private static bool IsManifest(string path)
    {
        if (!path.EndsWith(".json", StringComparison.Ordinal) && !path.EndsWith(".json.gz", StringComparison.Ordinal))
            return false;
        try
        {
            using var stream = Open(path);
            Span<byte> start = stackalloc byte[512];
            var text = System.Text.Encoding.UTF8.GetString(start[..stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)]);
            return text.StartsWith("{\"name\":", StringComparison.Ordinal) && text.Contains("\"repository\":", StringComparison.Ordinal);
        }
        catch (InvalidDataException)
        {
            return false; // not gzip
        }
    }

    private static Stream Open(string path) =>
        path.EndsWith(".gz", StringComparison.Ordinal)
            ? new GZipStream(File.OpenRead(path), CompressionMode.Decompress)
            : File.OpenRead(path);

    private static void Check(string path)
    {
        using var stream = Open(path);
        using var document = JsonDocument.Parse(stream);
        var manifest = document.RootElement;
        var buffers = manifest.GetProperty("buffers").EnumerateArray().Select(name => name.GetString()!).ToHashSet();
        var shapes = manifest
            .GetProperty("tensors")
            .EnumerateObject()
            .ToDictionary(pair => pair.Name, pair => pair.Value.EnumerateArray().Select(size => size.GetInt64()).ToArray());
        CheckTensors(path, manifest.GetProperty("config"), shapes, shapes.Keys.Except(buffers).ToHashSet());

        // Files may hold the buffers or not.
        foreach (var buffer in buffers)
            shapes.TryAdd(buffer, [1]);
        CheckTensors(path, manifest.GetProperty("config"), shapes, [.. shapes.Keys.Except(buffers)]);
    }

    private static void CheckTensors(string path, JsonElement config, Dictionary<string, long[]> shapes, HashSet<string> needed)
    {
        using var checkpoint = new RuleCheckpoint(seed: 0, shapes, path);
        var used = new HashSet<string>();
        foreach (var part in ManifestNetworks.Create(config, checkpoint))
        {
            using (part.Network)
            {
                CheckpointBinder.Verify(part.Network, part.Weights, part.Map);
                if (part.Weights.Source != checkpoint.Source)
                    continue;
                var names = ModuleParameters.Enumerate(part.Network).SelectMany(parameter => part.Map.Resolve(parameter.Path).Names);
                used.UnionWith(names.Select(part.Weights.NameInFile));
            }
        }
        // Verify lets a map leave tensors out; here none may be.
        if (needed.Except(used).FirstOrDefault(static name => name != Temperature) is { } leftOver)
            throw new CheckpointException(path, "is part of the published checkpoint but not of the network.", leftOver);
        if (used.Except(needed).FirstOrDefault() is { } surplus)
            throw new CheckpointException(path, "is part of the network but a mere buffer of the published checkpoint.", surplus);
    }
}
