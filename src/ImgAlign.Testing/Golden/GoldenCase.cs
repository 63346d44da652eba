using System.Text.Json;
using ImgAlign.Checkpoints;
using TorchSharp;

namespace ImgAlign.Testing.Golden;

/// <summary>
/// One golden case: a computation, its inputs, and what the reference implementation made of them. Owns the input and output tensors.
/// </summary>
public sealed class GoldenCase : IDisposable
{
    private readonly JsonElement root;
    private readonly Dictionary<string, torch.Tensor> inputs = [];
    private readonly Dictionary<string, torch.Tensor> outputs = [];

    private GoldenCase(string folder, JsonElement root)
    {
        Folder = folder;
        this.root = root;
    }

    /// <summary>Reads <c>case.json</c> and <c>tensors.safetensors</c>.</summary>
    /// <param name="folder">The case's folder.</param>
    public static GoldenCase Load(string folder)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(System.IO.Path.Combine(folder, "case.json")));
        var result = new GoldenCase(folder, document.RootElement.Clone());
        var file = System.IO.Path.Combine(folder, "tensors.safetensors");
        if (!File.Exists(file))
            return result;
        using var tensors = Checkpoint.Open(file);
        foreach (var name in tensors.Tensors.Keys)
        {
            if (name.StartsWith("in.", StringComparison.Ordinal))
                result.inputs[name[3..]] = tensors.Read(name).DetachFromDisposeScope();
            else if (name.StartsWith("out.", StringComparison.Ordinal))
                result.outputs[name[4..]] = tensors.Read(name).DetachFromDisposeScope();
        }
        return result;
    }

    /// <summary>The case's folder.</summary>
    public string Folder { get; }

    /// <summary>What a runner dispatches on.</summary>
    public string Kind => root.GetProperty("kind").GetString()!;

    /// <summary>The arguments of the computation; an empty object when there are none.</summary>
    public JsonElement Options => Property("options");

    /// <summary>The model's configuration where no checkpoint folder holds it; an empty object when there is none.</summary>
    public JsonElement Config => Property("config");

    /// <summary>The inputs, without the prefix <c>in.</c>.</summary>
    public IReadOnlyDictionary<string, torch.Tensor> Inputs => inputs;

    /// <summary>The reference's outputs, without the prefix <c>out.</c>.</summary>
    public IReadOnlyDictionary<string, torch.Tensor> Outputs => outputs;

    /// <summary>The checkpoint's full path, or null when the case has none.</summary>
    public string? CheckpointPath => root.TryGetProperty("checkpoint", out var value) ? Path(value.GetString()!) : null;

    /// <summary>A path that the case gives relative to its own folder.</summary>
    public string Path(string relative) => System.IO.Path.GetFullPath(System.IO.Path.Combine(Folder, relative));

    /// <summary>The full path in an option, or null when the option is absent.</summary>
    public string? PathOption(string name) =>
        Options.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? Path(value.GetString()!) : null;

    /// <summary>The weights by rule that the case describes, or null when it has a checkpoint.</summary>
    public RuleCheckpoint? RuleWeights()
    {
        if (!root.TryGetProperty("weights", out var weights))
            return null;
        var rule = weights.GetProperty("rule").GetString();
        if (rule != "name-hash-v1")
            throw new ImgAlignException($"{Folder}: weights by rule '{rule}' are not known here; name-hash-v1 is.");
        var shapes = weights
            .GetProperty("tensors")
            .EnumerateObject()
            .Select(pair => KeyValuePair.Create(pair.Name, pair.Value.EnumerateArray().Select(size => size.GetInt64()).ToArray()));
        return new RuleCheckpoint(weights.GetProperty("seed").GetUInt64(), shapes, Folder);
    }

    /// <summary>The tolerance of one output.</summary>
    /// <param name="output">The output's name without <c>out.</c>.</param>
    public Tolerance ToleranceOf(string output)
    {
        if (root.TryGetProperty("tolerances", out var special) && special.TryGetProperty("out." + output, out var own))
            return Read(own);
        return Read(root.GetProperty("tolerance"));

        static Tolerance Read(JsonElement element) => new(element.GetProperty("atol").GetDouble(), element.GetProperty("rtol").GetDouble());
    }

    /// <summary>Frees the tensors.</summary>
    public void Dispose()
    {
        foreach (var tensor in inputs.Values.Concat(outputs.Values))
            tensor.Dispose();
    }

    private static readonly JsonElement Empty = JsonDocument.Parse("{}").RootElement;

    private JsonElement Property(string name) => root.TryGetProperty(name, out var value) ? value : Empty;
}
