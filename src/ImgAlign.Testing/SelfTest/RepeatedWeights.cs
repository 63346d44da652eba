using ImgAlign.Checkpoints;
using TorchSharp;

namespace ImgAlign.Testing.SelfTest;

/// <summary>
/// Weights for a network of published size that need no file and little time: one table of random numbers, repeated, in which each tensor
/// begins elsewhere. All are exact in bfloat16 and float16, as those of published files are, so that only the computation rounds.
/// </summary>
internal sealed class RepeatedWeights : Checkpoint
{
    private const int Period = 1_048_573; // a prime, so that the rows of a matrix differ
    private const int Shift = 65_537;
    private const int Steps = 128; // a bfloat16 has 8 bits

    private static readonly Lazy<float[]> WholeNumbers = new(static () =>
    {
        var random = new Random(1);
        return [.. Enumerable.Range(0, Period).Select(_ => (float)random.Next(-Steps, Steps))];
    });

    private readonly Dictionary<string, TensorInfo> tensors;
    private readonly Dictionary<string, int> starts;
    private readonly Dictionary<string, torch.Tensor> tables = [];

    /// <summary>Weights for all parameters of a network, under their own names.</summary>
    public RepeatedWeights(torch.nn.Module network)
    {
        var parameters = ModuleParameters.Enumerate(network).Where(static parameter => !parameter.IsDerived).ToList();
        tensors = parameters.ToDictionary(
            static parameter => parameter.Path,
            static parameter => new TensorInfo(parameter.Path, torch.bfloat16, parameter.Value.shape)
        );
        starts = parameters.Index().ToDictionary(static pair => pair.Item.Path, static pair => (int)((long)pair.Index * Shift % Period));
    }

    /// <inheritdoc/>
    public override string Source => "weights by rule";

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, TensorInfo> Tensors => tensors;

    /// <inheritdoc/>
    public override torch.Tensor Read(string name)
    {
        var info = tensors[name];
        var result = torch.empty([.. info.Shape], torch.bfloat16);
        using var scope = torch.NewDisposeScope();
        var (values, table) = (result.view(-1), Table(name, info.Shape));
        long position = starts[name];
        for (long start = 0, count; start < info.Count; start += count, position = 0)
        {
            count = Math.Min(Period - position, info.Count - start);
            values.narrow(0, start, count).copy_(table.narrow(0, position, count));
        }
        return result;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        foreach (var table in tables.Values)
            table.Dispose();
        tables.Clear();
        base.Dispose(disposing);
    }

    // Matrices keep the size of what they multiply; norms are about 1, biases about 0.
    private torch.Tensor Table(string name, IReadOnlyList<long> shape)
    {
        if (shape.Count == 1)
            return name.EndsWith("weight", StringComparison.Ordinal) ? Table(scale: 0.25, offset: 1) : Table(scale: 0.125, offset: 0);
        double fanIn = shape.Skip(1).Aggregate(1L, static (product, size) => product * size);
        return Table(Math.Pow(2, Math.Round(Math.Log2(Math.Sqrt(3 / fanIn)))), offset: 0);
    }

    // From -scale to scale around offset, in steps that the type has.
    private torch.Tensor Table(double scale, double offset)
    {
        var key = $"{scale} {offset}";
        if (tables.TryGetValue(key, out var known))
            return known;
        using var scope = torch.NewDisposeScope();
        var steps = torch.tensor(WholeNumbers.Value);
        var scaled = offset == 0 ? steps.Times(scale / Steps) : steps.Times(scale).floor().DividedBy(Steps).Plus(offset);
        return tables[key] = scaled.to(torch.bfloat16).DetachFromDisposeScope();
    }
}
