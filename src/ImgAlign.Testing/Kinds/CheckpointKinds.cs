using ImgAlign.Checkpoints;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>Kinds about checkpoint files.</summary>
internal static class CheckpointKinds
{
    public static void Add(GoldenRunner runner)
    {
        runner.Add("checkpoint-read", Read).Add("gguf-tensors", Dequantize);
        HostileFileKind.Add(runner);
        ManifestKind.Add(runner);
    }

    private static Dictionary<string, torch.Tensor> Dequantize(GoldenCase golden, torch.Device device)
    {
        using var checkpoint = Checkpoint.Open(golden.PathOption("file")!);
        return golden.Outputs.Keys.ToDictionary(static name => name, name => checkpoint.Read(name).to(torch.float32));
    }

    private static Dictionary<string, torch.Tensor> Read(GoldenCase golden, torch.Device device)
    {
        using var checkpoint = Checkpoint.Open(golden.PathOption("file")!);
        var root = golden.Options.TryGetProperty("root", out var keys)
            ? string.Concat(keys.EnumerateArray().Select(key => key.GetString() + "."))
            : "";
        var names = checkpoint.Tensors.Keys.Where(name => name.StartsWith(root, StringComparison.Ordinal)).ToList();
        if (names.Find(name => !golden.Outputs.ContainsKey(name[root.Length..])) is { } surplus)
            throw new ImgAlignException($"'{surplus}' was read, which the reference does not know.");
        return names.ToDictionary(name => name[root.Length..], checkpoint.Read);
    }
}
