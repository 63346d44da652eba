using ImgAlign.ShapeWorld.Models;
using ImgAlign.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImgAlign.ShapeWorld.Training.Stages;

/// <summary>
/// What a stage trains: a task of <see cref="ImgAlign.Training"/> over samples that are drawn from their seeds, without end, and
/// measurements of the weights as they are left in the world's folder.
/// </summary>
/// <param name="folder">The world's folder: what earlier stages left is read from it, and this one's weights are written to it.</param>
internal abstract class StageTask(WorldFolder folder) : ITrainingTask
{
    /// <summary>The length of an epoch, which has no meaning where samples never come again.</summary>
    protected const int Endless = 1 << 20;

    public IReadOnlyDictionary<string, Parameter> Parameters => Task.Parameters;

    public int SampleCount => Task.SampleCount;

    protected WorldFolder Folder => folder;

    /// <summary>The task; the stage's.</summary>
    protected abstract ITrainingTask Task { get; }

    public TrainingLoss ComputeLoss(IReadOnlyList<SampleDraw> samples) => Task.ComputeLoss(samples);

    public void AfterStep(IReadOnlyDictionary<string, double> metrics) => Task.AfterStep(metrics);

    public IReadOnlyDictionary<string, Tensor> SaveState() => Task.SaveState();

    public void LoadState(IReadOnlyDictionary<string, Tensor> state) => Task.LoadState(state);

    public IReadOnlyDictionary<string, double> Evaluate(CancellationToken cancellationToken)
    {
        Save();
        var results = new Dictionary<string, double>();
        foreach (var heldOut in new[] { false, true })
        {
            cancellationToken.ThrowIfCancellationRequested();
            foreach (var (name, value) in Measure(heldOut))
                results.Add(heldOut ? name + "_held_out" : name, value);
        }
        return results;
    }

    public virtual void Dispose() => Task.Dispose();

    /// <summary>Writes the weights to the world's folder.</summary>
    internal abstract void Save();

    /// <summary>Measures the weights.</summary>
    /// <param name="heldOut">Whether on pairs of objects that are never trained on.</param>
    protected abstract IEnumerable<KeyValuePair<string, double>> Measure(bool heldOut);
}
