using System.Collections.Frozen;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImgAlign.Training;

/// <summary>
/// What a <c>Trainer</c> trains: parameters, and a loss that depends on them and on nothing else that is not in its arguments or in
/// <see cref="SaveState"/>, so that a run can be continued exactly. Called on one thread.
/// </summary>
public interface ITrainingTask : IDisposable
{
    /// <summary>The trained parameters, on one device, by the names under which they are saved; always in the same order.</summary>
    IReadOnlyDictionary<string, Parameter> Parameters { get; }

    /// <summary>Texts for the header of the weights' file: what the network is for.</summary>
    IReadOnlyDictionary<string, string> Metadata => FrozenDictionary<string, string>.Empty;

    /// <summary>The number of samples.</summary>
    int SampleCount { get; }

    /// <summary>
    /// Whether a backward pass adds to the gradient of each parameter at most once, so that processes can exchange gradients while it goes
    /// on. That is so unless activations are computed again for their gradients.
    /// </summary>
    bool AddsToGradientsOnce => false;

    /// <summary>How the samples lie, in parts that are read one behind the other, which are shuffled and then mixed a few at a time; together
    /// they are all samples. One part, where any sample is read as quickly as any other.</summary>
    IReadOnlyList<int> Parts => [SampleCount];

    /// <summary>Whether a sample cannot be used, such as a broken picture or an empty caption; it is then counted, reported and
    /// skipped.</summary>
    /// <param name="index">The sample's place in the data set.</param>
    /// <returns>One sentence, or null for a good sample.</returns>
    string? FindProblem(int index) => null;

    /// <summary>Called before the first step where other processes train, too, once the parameters have been replaced by those of the first
    /// process: what was copied from them before is copied again. A state that is loaded comes later.</summary>
    void AfterBroadcast() { }

    /// <summary>The mean loss of some samples. Runs with gradients, inside a dispose scope.</summary>
    /// <param name="samples">The samples, all of them good.</param>
    TrainingLoss ComputeLoss(IReadOnlyList<SampleDraw> samples);

    /// <summary>Called after every step of the optimiser.</summary>
    /// <param name="metrics">The step's metrics, the mean of all parts of its batch.</param>
    void AfterStep(IReadOnlyDictionary<string, double> metrics) { }

    /// <summary>Measures the network on data that it is not trained on. Runs without gradients, with the averaged weights where they are
    /// kept.</summary>
    /// <param name="cancellationToken">Ends the measurement.</param>
    /// <returns>Numbers by name; empty for none.</returns>
    IReadOnlyDictionary<string, double> Evaluate(CancellationToken cancellationToken) => new Dictionary<string, double>();

    /// <summary>What the next steps depend on beside the parameters. Runs inside a dispose scope.</summary>
    /// <returns>Tensors by name, read before anything changes.</returns>
    IReadOnlyDictionary<string, Tensor> SaveState() => new Dictionary<string, Tensor>();

    /// <summary>Takes a state back. Called once before the first step: the parameters are set.</summary>
    /// <param name="state">What <see cref="SaveState"/> gave; borrowed.</param>
    void LoadState(IReadOnlyDictionary<string, Tensor> state) { }
}
