using ImgAlign.Checkpoints;
using ImgAlign.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Training;

/// <summary>Fits a line of four slopes to points with some noise, which the samples' seeds draw.</summary>
internal sealed class LineTask : ITrainingTask
{
    private readonly Parameter slopes;
    private readonly Tensor points;

    public LineTask(ScalarType type = ScalarType.Float32)
    {
        slopes = ModuleParameters.AsParameter(zeros(4, dtype: type));
        using var generator = new Generator(7, CPU);
        points = randn([20, 4], float32, CPU, generator: generator).DetachFromDisposeScope();
        Parameters = new Dictionary<string, Parameter> { ["slopes"] = slopes };
    }

    public IReadOnlyDictionary<string, Parameter> Parameters { get; }

    public HashSet<int> Broken { get; } = [];

    /// <summary>The position in the run from which the loss is no number.</summary>
    public long NotANumberFrom { get; set; } = long.MaxValue;

    /// <summary>Whether some points weigh more than others in the mean.</summary>
    public bool WeighsPoints { get; init; }

    public List<int> Seen { get; } = [];

    public int Steps { get; private set; }

    public int SampleCount => 20;

    public IReadOnlyList<int> Parts { get; init; } = [20];

    public string? FindProblem(int index) => Broken.Contains(index) ? $"point {index} is broken" : null;

    public TrainingLoss ComputeLoss(IReadOnlyList<SampleDraw> samples)
    {
        Seen.AddRange(samples.Select(sample => sample.Index));
        var x = stack(samples.Select(sample => points[sample.Index]));
        var noise = tensor(samples.Select(sample => sample.Seed % 1000 / 1e4f).ToArray());
        var error = (x.to(slopes.dtype) * slopes).sum(1) - (x.sum(1) + noise);
        var weights = tensor(samples.Select(sample => WeighsPoints ? 1f + sample.Index % 3 : 1f).ToArray());
        var loss = error.square().mul(weights).sum() / weights.sum();
        if (samples[^1].Position >= NotANumberFrom)
            loss = loss * float.NaN;
        return new TrainingLoss(
            loss,
            new Dictionary<string, Tensor> { ["bias"] = error.mean() },
            new Dictionary<string, Tensor> { ["x"] = x }
        )
        {
            Weight = WeighsPoints ? weights.sum().item<float>() : null,
        };
    }

    public void AfterStep(IReadOnlyDictionary<string, double> metrics) => Steps++;

    public IReadOnlyDictionary<string, double> Evaluate(CancellationToken cancellationToken) =>
        new Dictionary<string, double> { ["slope"] = slopes.to(float32).mean().item<float>() };

    public IReadOnlyDictionary<string, Tensor> SaveState() => new Dictionary<string, Tensor> { ["steps"] = tensor((long)Steps) };

    public void LoadState(IReadOnlyDictionary<string, Tensor> state) => Steps = (int)state["steps"].item<long>();

    public float[] Slopes => slopes.detach().to(float32).data<float>().ToArray();

    public void Dispose()
    {
        slopes.Dispose();
        points.Dispose();
    }
}
