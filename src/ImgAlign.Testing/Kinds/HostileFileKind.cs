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
    private const int Attempts = 5;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    public static void Add(GoldenRunner runner) => runner.AddFiles("hostile", path => FindExpectation(path) is not null, Check);

    // What other threads take meanwhile counts as resident memory too, so a file that seems to take too much is tried again.
    private static void Check(string path)
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            if (Measure(path) <= MostBytes)
                return;
            Thread.Sleep(Pause);
        }
        throw new ImgAlignException($"the process grew by more than {MostBytes} bytes each of {Attempts} times.");
    }

    /// <summary>Reads a file that must end as expected.</summary>
    /// <returns>By how many bytes the process grew meanwhile.</returns>
    private static long Measure(string path)
    {
        var expected = FindExpectation(path)!;
        using (torch.empty(1)) { } // loads libtorch, so that its time does not count
        var residentBefore = ResidentMemory.Current;
        ResidentMemory.ForgetPeak();
        var pwned = PossibleTraces(path).Where(trace => !File.Exists(trace)).ToList();
        var bytesBefore = GC.GetAllocatedBytesForCurrentThread();
        var processorBefore = Environment.CpuUsage.TotalTime;
        var watch = Stopwatch.StartNew();
        var refusal = ReadAll(path);
        // Waiting for a busy machine does not count, nor does what other threads do meanwhile.
        var elapsed = TimeSpan.FromTicks(Math.Min(watch.Elapsed.Ticks, (Environment.CpuUsage.TotalTime - processorBefore).Ticks));
        var managed = GC.GetAllocatedBytesForCurrentThread() - bytesBefore;
        var resident = ResidentMemory.Peak - residentBefore;

        if (pwned.FirstOrDefault(File.Exists) is { } trace)
            throw new ImgAlignException($"the file was executed: it left '{trace}'.");
        if (expected == "refuse" && refusal is null)
            throw new ImgAlignException("it was read, but must be refused.");
        if (expected == "accept" && refusal is not null)
            throw new ImgAlignException($"it was refused, but is well-formed: {refusal.Message}");
        if (elapsed > MostTime)
            throw new ImgAlignException($"it took {elapsed.TotalSeconds:0.0} s; at most {MostTime.TotalSeconds} s are allowed.");
        if (managed > MostBytes)
            throw new ImgAlignException($"it allocated {managed} bytes of managed memory; at most {MostBytes} are allowed.");
        return resident;
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
        new[] { Directory.GetCurrentDirectory(), Path.GetDirectoryName(Path.GetFullPath(path))! }.Select(folder =>
            Path.Combine(folder, "pwned")
        );

    private static string? FindExpectation(string path)
    {
        var index = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, "index.json");
        if (!File.Exists(index))
            return null;
        using var document = JsonDocument.Parse(File.ReadAllBytes(index));
        if (document.RootElement.ValueKind != JsonValueKind.Array)
            return null;
        var entry = document
            .RootElement.EnumerateArray()
            .FirstOrDefault(entry =>
                entry.ValueKind == JsonValueKind.Object
                && entry.TryGetProperty("file", out var file)
                && file.ValueEquals(Path.GetFileName(path))
            );
        return entry.ValueKind == JsonValueKind.Object && entry.TryGetProperty("expect", out var expect) ? expect.GetString() : null;
    }
}
