using ImgAlign.Alignment;
using ImgAlign.Checkpoints;
using ImgAlign.Detectors;
using ImgAlign.Runtime;
using static TorchSharp.torch;

namespace ImgAlign.ShapeWorld.Models;

/// <summary>A trained world as it is shipped: all weights in bfloat16, which is half of their size, beside the same configurations and
/// tokenizers.</summary>
/// <param name="folder">The copy.</param>
/// <param name="bytes">The size of all files.</param>
/// <param name="weightsHash">SHA-256 of all weights.</param>
public sealed class WorldExport(WorldFolder folder, long bytes, string weightsHash)
{
    /// <summary>The copy.</summary>
    public WorldFolder Folder { get; } = folder;

    /// <summary>The size of all files.</summary>
    public long Bytes { get; } = bytes;

    /// <summary>SHA-256 of all weights.</summary>
    public string WeightsHash { get; } = weightsHash;

    /// <summary>Writes the copy. Each file is replaced only by a complete one.</summary>
    /// <param name="world">The trained world.</param>
    /// <param name="output">Another folder; it is made if it is not there.</param>
    /// <exception cref="ImgAlignException">The world is not complete, or both folders are the same.</exception>
    public static WorldExport Write(WorldFolder world, string output)
    {
        ArgumentNullException.ThrowIfNull(world);
        var folder = new WorldFolder(Path.GetFullPath(output));
        if (folder.Root == Path.GetFullPath(world.Root))
            throw new ImgAlignException($"{folder.Root} is the trained world itself; name another folder for the copy.");
        RequireComplete(world);

        var bytes = 0L;
        foreach (var file in Directory.EnumerateFiles(world.Root, "*", SearchOption.AllDirectories).ToList())
        {
            var copy = Path.Combine(folder.Root, Path.GetRelativePath(world.Root, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            if (Path.GetExtension(file) == ".safetensors")
                WriteNarrow(file, copy);
            else
                AtomicFile.Write(copy, stream => stream.Write(File.ReadAllBytes(file)));
            bytes += new FileInfo(copy).Length;
        }
        return new WorldExport(folder, bytes, folder.HashWeights());
    }

    // Models compare names and shapes with their files when they are made.
    private static void RequireComplete(WorldFolder world)
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions());
        using var backbone = new WorldBackbone(runtime, world);
        using var detector = new LlavaDetector(runtime, world.DetectorOptions());
        using var aligner = new ImplicitAligner(runtime, world.Aligner);
        using var scorer = new WorldScorer(runtime, world);
    }

    private static void WriteNarrow(string file, string copy)
    {
        using var scope = NewDisposeScope();
        using var checkpoint = Checkpoint.Open(file);
        SafetensorsWriter.Write(
            copy,
            checkpoint.Tensors.Keys.ToDictionary(static name => name, name => checkpoint.Read(name).to(bfloat16)),
            checkpoint.Metadata
        );
    }
}
