using ImgAlign.Checkpoints;
using ImgAlign.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Training.Parallel;

/// <summary>Fits random numbers by two layers: parameters that do not fall into equal parts by themselves, one of them transposed in
/// memory.</summary>
internal sealed class LayersTask : ITrainingTask
{
    private readonly Tensor inputs;
    private readonly Tensor targets;
    private readonly ScalarType type;

    public LayersTask(int seed = 5, ScalarType type = ScalarType.Float32)
    {
        this.type = type;
        using var scope = NewDisposeScope();
        using var generator = new Generator((ulong)seed, CPU);
        Tensor Random(params long[] shape) => randn(shape, generator: generator).Times(0.3);
        Parameters = new Dictionary<string, Parameter>
        {
            ["first"] = Own(Random(37, 11).t()),
            ["bias"] = Own(Random(37)),
            ["second"] = Own(Random(37, 3)),
        };
        using var data = new Generator(6, CPU);
        (inputs, targets) = (
            randn([24, 11], generator: data).DetachFromDisposeScope(),
            randn([24, 3], generator: data).DetachFromDisposeScope()
        );

        Parameter Own(Tensor tensor)
        {
            var parameter = ModuleParameters.AsParameter(tensor.to(type));
            parameter.DetachFromDisposeScope();
            return parameter;
        }
    }

    public IReadOnlyDictionary<string, Parameter> Parameters { get; }

    public int SampleCount => 24;

    public bool AddsToGradientsOnce => true;

    public TrainingLoss ComputeLoss(IReadOnlyList<SampleDraw> samples)
    {
        var indices = tensor(samples.Select(static sample => (long)sample.Index).ToArray());
        var hidden = (inputs[indices].to(type).mm(Parameters["first"]).Plus(Parameters["bias"])).tanh();
        var error = hidden.mm(Parameters["second"]) - targets[indices].to(type);
        return new TrainingLoss(error.Squared().mean(), new Dictionary<string, Tensor>(), new Dictionary<string, Tensor>());
    }

    public IReadOnlyDictionary<string, double> Evaluate(CancellationToken cancellationToken) =>
        new Dictionary<string, double> { ["sum"] = Weights.Sum(static weight => (double)weight) };

    public float[] Weights =>
        [.. Parameters.Values.SelectMany(static value => value.detach().to(float32).contiguous().data<float>().ToArray())];

    public void Dispose()
    {
        foreach (var parameter in Parameters.Values)
            parameter.Dispose();
        inputs.Dispose();
        targets.Dispose();
    }
}
