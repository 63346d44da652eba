using System.Collections.Frozen;
using ImgAlign.Alignment;
using ImgAlign.Checkpoints;
using ImgAlign.Networks.Aligner;
using ImgAlign.Training.Preference;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImgAlign.Training.Aligner;

/// <summary>
/// Trains the Implicit Aligner by preference (IMG, section 3.4), one pass a step: three are a choice of inference. Metrics: <c>base</c>,
/// <c>pref</c>, <c>accuracy</c>, <c>error</c> and <c>error_ref</c> (distances to the preferred features), <c>distance</c> (of f and f_ref).
/// Held-out pairs are measured by the same losses, and by how near the aligner comes to the preferred features in one pass and in the three
/// of inference: <c>error_1_pass</c>, <c>error_3_passes</c>, against <c>error_identity</c> of doing nothing; <c>better_1_pass</c> and
/// <c>better_3_passes</c> are the shares of pairs for which it comes nearer than doing nothing.
/// </summary>
public sealed class AlignerTask : ITrainingTask
{
    private const int HeldOutBatch = 8;

    private readonly AlignerNetwork network;
    private readonly AlignerNetwork reference;
    private readonly IPreferenceFeatures features;
    private readonly PreferenceObjective objective;
    private readonly ReferenceUpdate update;
    private readonly int heldOut;

    /// <summary>Prepares training.</summary>
    /// <param name="network">The aligner, with weights; borrowed. The reference recomputes its activations as it does.</param>
    /// <param name="features">The data; borrowed.</param>
    /// <param name="objective">The losses.</param>
    /// <param name="updateAfter">The reference is replaced after this many improvements in a row, k (IMG: 10).</param>
    /// <param name="heldOut">The number of pairs that are measured and not trained on, the last of the data.</param>
    public AlignerTask(
        AlignerNetwork network,
        IPreferenceFeatures features,
        PreferenceObjective objective,
        int updateAfter = 10,
        int heldOut = 0
    )
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(features);
        ArgumentNullException.ThrowIfNull(objective);
        ArgumentOutOfRangeException.ThrowIfLessThan(updateAfter, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(heldOut);
        this.network = network;
        this.features = features;
        this.objective = objective;
        this.heldOut = heldOut;
        update = new ReferenceUpdate(updateAfter);
        Parameters = ModuleParameters
            .Enumerate(network)
            .ToDictionary(static parameter => parameter.Path, static parameter => parameter.Value);
        reference = Copy(network);
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, Parameter> Parameters { get; }

    /// <summary>What the aligner is trained for, which its file says; null: the file does not.</summary>
    public AlignerOrigin? Origin { get; init; }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Metadata => Origin?.ToMetadata() ?? FrozenDictionary<string, string>.Empty;

    /// <inheritdoc/>
    public bool AddsToGradientsOnce => !network.RecomputesActivations;

    /// <inheritdoc/>
    public int SampleCount => features.Count - heldOut;

    /// <inheritdoc/>
    public IReadOnlyList<int> Parts
    {
        get
        {
            var parts = new List<int>();
            var left = SampleCount;
            foreach (var part in features.Parts.TakeWhile(_ => left > 0))
            {
                parts.Add(Math.Min(part, left));
                left -= part;
            }
            return parts;
        }
    }

    /// <summary>How often the reference has been replaced.</summary>
    public long ReferenceUpdates => update.Count;

    /// <summary>Makes an aligner that is the identity: random weights, but for a last layer of zeros.</summary>
    /// <param name="network">On the meta device; gets its weights.</param>
    /// <param name="seed">The seed.</param>
    /// <param name="device">Where the weights go.</param>
    /// <param name="type">Their type.</param>
    public static void Randomize(AlignerNetwork network, long seed, Device? device = null, ScalarType type = ScalarType.Float32)
    {
        ParameterInitialization.Randomize(network, seed, device, type);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        foreach (var (path, _, _, parameter) in ModuleParameters.Enumerate(network))
        {
            if (path.StartsWith("zero_linear.", StringComparison.Ordinal))
                parameter.zero_();
        }
    }

    /// <summary>Replaces weights that are views of a mapped file by copies, which can be trained.</summary>
    public static void Own(AlignerNetwork network) => CopyWeights(network, network);

    /// <inheritdoc/>
    public string? FindProblem(int index) => features.FindProblem(index);

    /// <inheritdoc/>
    public void AfterBroadcast() => ReplaceReference();

    /// <inheritdoc/>
    public TrainingLoss ComputeLoss(IReadOnlyList<SampleDraw> samples)
    {
        ArgumentNullException.ThrowIfNull(samples);
        var batch = Read(samples);
        // With gradients, too, though none are wanted: without, other kernels may run, and at the start both must give the same bits.
        var (f, fromReference) = (batch.Map(network.call), batch.Map(reference.call).detach());
        var loss = objective.Compute(f, fromReference, batch.Preferred, batch.Rejected);
        var metrics = new Dictionary<string, Tensor>
        {
            ["base"] = loss.Base,
            ["pref"] = loss.Preference,
            ["accuracy"] = loss.Accuracy,
            ["error"] = loss.Error.mean(),
            ["error_ref"] = loss.ReferenceError.mean(),
            ["distance"] = loss.Distance.mean(),
        };
        var inputs = new Dictionary<string, Tensor> { ["c_w"] = batch.Preferred, ["c_l"] = batch.Rejected };
        foreach (var (index, hiddenStates) in batch.HiddenStates.Index())
            inputs[$"h.{index}"] = hiddenStates;
        return new TrainingLoss(loss.Total, metrics, inputs);
    }

    /// <inheritdoc/>
    public void AfterStep(IReadOnlyDictionary<string, double> metrics)
    {
        ArgumentNullException.ThrowIfNull(metrics);
        if (update.Record(metrics["error"], metrics["error_ref"]))
            ReplaceReference();
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, double> Evaluate(CancellationToken cancellationToken)
    {
        var means = new Dictionary<string, double>();
        if (heldOut == 0)
            return means;
        var samples = HeldOutSamples.Find(this, heldOut);
        foreach (var part in samples.Chunk(HeldOutBatch))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            foreach (var (name, value) in Measure(Read(part)))
                means[name] = means.GetValueOrDefault(name) + value.to(float64).item<double>() * part.Length / samples.Count;
        }
        means["samples"] = samples.Count;
        return means;
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, Tensor> SaveState()
    {
        var state = ModuleParameters
            .Enumerate(reference)
            .ToDictionary(static parameter => "reference." + parameter.Path, static parameter => (Tensor)parameter.Value);
        state["streak"] = tensor(update.Streak);
        state["updates"] = tensor(update.Count);
        return state;
    }

    /// <inheritdoc/>
    public void LoadState(IReadOnlyDictionary<string, Tensor> state)
    {
        ArgumentNullException.ThrowIfNull(state);
        using var noGrad = no_grad();
        foreach (var (path, _, _, parameter) in ModuleParameters.Enumerate(reference))
            parameter.copy_(state["reference." + path]);
        (update.Streak, update.Count) = (state["streak"].item<long>(), state["updates"].item<long>());
    }

    /// <summary>Frees the reference.</summary>
    public void Dispose() => reference.Dispose();

    private void ReplaceReference()
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        foreach (var (path, _, _, parameter) in ModuleParameters.Enumerate(reference))
            parameter.copy_(Parameters[path]);
    }

    private AlignerBatch Read(IReadOnlyList<SampleDraw> samples)
    {
        var weight = Parameters.Values.First();
        return new AlignerBatch([.. samples.Select(features.Read)], weight.device, weight.dtype);
    }

    // Means over the batch.
    private Dictionary<string, Tensor> Measure(AlignerBatch batch)
    {
        var passes = batch.Map((hiddenStates, rejected) => OneAndThreePasses(network, hiddenStates, rejected)).to(float32); // [B, 2, n, d]
        var (preferred, rejected, one, three) = (
            batch.Preferred.to(float32),
            batch.Rejected.to(float32),
            passes.select(1, 0),
            passes.select(1, 1)
        );
        var loss = objective.Compute(one, batch.Map(reference.call).to(float32), preferred, rejected);
        var (identity, afterThree) = (
            PreferenceObjective.MeanSquare(preferred - rejected),
            PreferenceObjective.MeanSquare(preferred - three)
        );
        return new Dictionary<string, Tensor>
        {
            ["loss"] = loss.Total,
            ["base"] = loss.Base,
            ["pref"] = loss.Preference,
            ["accuracy"] = loss.Accuracy,
            ["error_identity"] = identity.mean(),
            ["error_1_pass"] = loss.Error.mean(),
            ["error_3_passes"] = afterThree.mean(),
            ["better_1_pass"] = loss.Error.lt(identity).to(float32).mean(),
            ["better_3_passes"] = afterThree.lt(identity).to(float32).mean(),
        };
    }

    private static Tensor OneAndThreePasses(AlignerNetwork aligner, Tensor hiddenStates, Tensor z)
    {
        using var scope = NewDisposeScope();
        using var context = aligner.Prepare(hiddenStates);
        var one = aligner.Pass(context, z);
        return stack([one, aligner.Pass(context, aligner.Pass(context, one))], 1).MoveToOuterDisposeScope();
    }

    private static AlignerNetwork Copy(AlignerNetwork network)
    {
        var copy = new AlignerNetwork(network.Config, META) { RecomputesActivations = network.RecomputesActivations };
        CopyWeights(network, copy);
        foreach (var parameter in copy.parameters())
            parameter.requires_grad = true;
        return copy;
    }

    private static void CopyWeights(AlignerNetwork from, AlignerNetwork to)
    {
        using var noGrad = no_grad();
        var weights = ModuleParameters
            .Enumerate(from)
            .ToDictionary(static parameter => parameter.Path, static parameter => parameter.Value);
        foreach (var (path, owner, name, _) in ModuleParameters.Enumerate(to).ToList())
        {
            using var scope = NewDisposeScope();
            ModuleParameters.Assign(owner, name, weights[path].detach().clone());
        }
    }
}
