using System.Diagnostics;
using System.Text.Json;
using ImgAlign.Checkpoints;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>
/// Checkpoint files made to harm: each is opened and, where that succeeds, read completely, and must end as the <c>index.json</c> beside it
/// expects, in little time and memory and without anything being executed.
/// </summary>
internal static class HostileFileKind
{
    private static readonly TimeSpan MostTime = TimeSpan.FromSeconds(1);
    private const long MostBytes = 100_000_000;

    public static void Add(GoldenRunner runner) => runner.AddFiles("hostile", path => FindExpectation(path) is not null, Check);

    private static void Check(string path)
    {
        var expected = FindExpectation(path)!;
        using (torch.empty(1)) { }  // loads libtorch, so that its time does not count
        var pwned = PossibleTraces(path).Where(trace => !File.Exists(trace)).ToList();
        var bytesBefore = GC.GetAllocatedBytesForCurrentThread();
        var processorBefore = Environment.CpuUsage.TotalTime;
        var watch = Stopwatch.StartNew();
        var refusal = ReadAll(path);
        // Waiting for a busy machine does not count, nor does what other threads do meanwhile.
        var elapsed = TimeSpan.FromTicks(Math.Min(watch.Elapsed.Ticks, (Environment.CpuUsage.TotalTime - processorBefore).Ticks));
        var bytes = GC.GetAllocatedBytesForCurrentThread() - bytesBefore;

        if (pwned.FirstOrDefault(File.Exists) is { } trace) throw new ImgAlignException($"the file was executed: it left '{trace}'.");
        if (expected == "refuse" && refusal is null) throw new ImgAlignException("it was read, but must be refused.");
        if (expected == "accept" && refusal is not null) throw new ImgAlignException($"it was refused, but is well-formed: {refusal.Message}");
        if (elapsed > MostTime) throw new ImgAlignException($"it took {elapsed.TotalSeconds:0.0} s; at most {MostTime.TotalSeconds} s are allowed.");
        if (bytes > MostBytes) throw new ImgAlignException($"it allocated {bytes} bytes; at most {MostBytes} are allowed.");
    }

    private static CheckpointException? ReadAll(string path)
    {
        try
        {
            using var checkpoint = Checkpoint.Open(path);
            foreach (var name in checkpoint.Tensors.Keys)
            {
                using var tensor = checkpoint.Read(name);
            }
            return null;
        }
        catch (CheckpointException exception)
        {
            return exception;
        }
    }

    private static IEnumerable<string> PossibleTraces(string path) =>
        new[] { Directory.GetCurrentDirectory(), Path.GetDirectoryName(Path.GetFullPath(path))! }.Select(folder => Path.Combine(folder, "pwned"));

    private static string? FindExpectation(string path)
    {
        var index = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, "index.json");
        if (!File.Exists(index)) return null;
        using var document = JsonDocument.Parse(File.ReadAllBytes(index));
        if (document.RootElement.ValueKind != JsonValueKind.Array) return null;
        var entry = document.RootElement.EnumerateArray().FirstOrDefault(
            entry => entry.ValueKind == JsonValueKind.Object && entry.TryGetProperty("file", out var file) && file.ValueEquals(Path.GetFileName(path)));
        return entry.ValueKind == JsonValueKind.Object && entry.TryGetProperty("expect", out var expect) ? expect.GetString() : null;
    }
}
