using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImgAlign.Training.Optimization;

/// <summary>Parameters with gradients that stay in one place: backward passes add to them. Owns the gradients.</summary>
public sealed class TrainedParameters : IDisposable
{
    private readonly IReadOnlyList<Parameter> parameters;

    /// <summary>Lets parameters have gradients, which begin at zero.</summary>
    /// <param name="named">The parameters by name; disposed by the caller.</param>
    /// <exception cref="ArgumentException">There are none.</exception>
    public TrainedParameters(IReadOnlyDictionary<string, Parameter> named)
        : this(named, parts: 1) { }

    /// <summary>As above, for several processes.</summary>
    /// <param name="named">The parameters by name; disposed by the caller.</param>
    /// <param name="parts">The number of processes, each of which may have a part of the gradients to itself.</param>
    internal TrainedParameters(IReadOnlyDictionary<string, Parameter> named, int parts)
    {
        if (named.Count == 0)
            throw new ArgumentException("There is nothing to train: the task has no parameters.", nameof(named));
        Names = [.. named.Keys];
        parameters = [.. named.Values];
        using var noGrad = no_grad();
        Buckets = GradientBucket.LayOut(parameters, parts);
        var gradients = new Tensor[parameters.Count];
        foreach (var bucket in Buckets)
        {
            foreach (var member in bucket.Members)
            {
                using var row = bucket.Flat.narrow(0, member.Start, member.Length);
                gradients[member.Parameter] = MemoryOrder.Shape(row, parameters[member.Parameter]).DetachFromDisposeScope();
            }
        }
        Gradients = gradients;
        foreach (var (parameter, gradient) in parameters.Zip(Gradients))
        {
            parameter.requires_grad = true;
            parameter.grad = gradient;
        }
    }

    /// <summary>Their names.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The parameters, in the order of <see cref="Names"/>.</summary>
    public IReadOnlyList<Tensor> Tensors => parameters;

    /// <summary>Their gradients, in the same order and of the same shapes.</summary>
    public IReadOnlyList<Tensor> Gradients { get; }

    /// <summary>The memory of the gradients.</summary>
    internal IReadOnlyList<GradientBucket> Buckets { get; }

    /// <summary>Forgets the gradients of the step before. A parameter that a loss does not depend on keeps a gradient of zero.</summary>
    public void ZeroGradients()
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        foreach (var bucket in Buckets)
            bucket.Flat.zero_();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var parameter in parameters.Where(parameter => !parameter.IsInvalid))
            parameter.grad = null;
        foreach (var gradient in Gradients)
            gradient.Dispose();
        foreach (var bucket in Buckets)
            bucket.Dispose();
    }
}
