using ImgAlign.Checkpoints;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Benchmarks.Comparing;

/// <summary>Weights by rule that both sides of a comparison refer to, so that they are in memory once.</summary>
internal sealed class SharedWeights : Checkpoint
{
    private readonly Dictionary<string, torch.Tensor> values = [];

    public SharedWeights(IReadOnlyDictionary<string, long[]> shapes, torch.ScalarType type)
    {
        using var rule = new RuleCheckpoint(1, shapes);
        foreach (var name in shapes.Keys)
        {
            using var value = rule.Read(name);
            values.Add(name, value.to(type));
        }
        Tensors = values.ToDictionary(pair => pair.Key, pair => new TensorInfo(pair.Key, type, pair.Value.shape));
    }

    public override string Source => "weights by rule";

    public override IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <summary>All tensors, in the graph's order.</summary>
    public IEnumerable<torch.Tensor> Values => Tensors.Keys.Select(name => values[name]);

    public override torch.Tensor Read(string name) => values[name].alias();

    protected override void Dispose(bool disposing)
    {
        foreach (var value in values.Values)
            value.Dispose();
        base.Dispose(disposing);
    }
}
