using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImgAlign.Training.Optimization;

/// <summary>Parameters with gradients that stay in one place: backward passes add to them. Owns the gradients.</summary>
public sealed class TrainedParameters : IDisposable
{
    private readonly IReadOnlyList<Parameter> parameters;

    /// <summary>Lets parameters have gradients, which begin at zero.</summary>
    /// <param name="named">The parameters by name; the caller's.</param>
    /// <exception cref="ArgumentException">There are none.</exception>
    public TrainedParameters(IReadOnlyDictionary<string, Parameter> named)
    {
        if (named.Count == 0)
            throw new ArgumentException("There is nothing to train: the task has no parameters.", nameof(named));
        Names = [.. named.Keys];
        parameters = [.. named.Values];
        Gradients = [.. parameters.Select(parameter => zeros_like(parameter).DetachFromDisposeScope())];
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

    /// <summary>Forgets the gradients of the step before. A parameter that a loss does not depend on keeps a gradient of zero.</summary>
    public void ZeroGradients()
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        foreach (var gradient in Gradients)
            gradient.zero_();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var parameter in parameters.Where(parameter => !parameter.IsInvalid))
            parameter.grad = null;
        foreach (var gradient in Gradients)
            gradient.Dispose();
    }
}
