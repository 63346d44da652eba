using ImgAlign.ShapeWorld.Models;
using ImgAlign.ShapeWorld.Scenes;
using ImgAlign.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImgAlign.ShapeWorld.Training.Stages;

/// <summary>
/// What a stage trains: a task of <see cref="ImgAlign.Training"/> over samples that are drawn from their seeds, without end, and
/// measurements of the weights as they are left in the world's folder.
/// </summary>
/// <param name="context">Where what earlier stages left is read from, and this one's weights are written to.</param>
internal abstract class StageTask(StageContext context) : ITrainingTask
{
    private static readonly IReadOnlyList<(SceneGroup Group, string Suffix)> Groups =
    [
        (SceneGroup.Trained, ""),
        (SceneGroup.HeldOutComposition, "_held_out_composition"),
        (SceneGroup.HeldOutPair, "_held_out_pair"),
    ];

    /// <summary>The length of an epoch, which has no meaning where samples never come again.</summary>
    protected const int Endless = 1 << 20;

    public IReadOnlyDictionary<string, Parameter> Parameters => Task.Parameters;

    public int SampleCount => Task.SampleCount;

    protected StageContext Context => context;

    protected WorldFolder Folder => context.Folder;

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
        foreach (var (group, suffix) in Groups)
        {
            cancellationToken.ThrowIfCancellationRequested();
            foreach (var (name, value) in Measure(group))
                results.Add(name + suffix, value);
        }
        return results;
    }

    public virtual void Dispose() => Task.Dispose();

    /// <summary>Writes the weights to the world's folder.</summary>
    internal abstract void Save();

    /// <summary>Measures the weights.</summary>
    /// <param name="group">On which scenes.</param>
    protected abstract IEnumerable<KeyValuePair<string, double>> Measure(SceneGroup group);
}
