using static TorchSharp.torch;

namespace ImgAlign.Training.Optimization;

/// <summary>
/// AdamW with decoupled weight decay (Loshchilov and Hutter, 2019; <c>torch.optim.AdamW</c>) on all parameters at once, biases and norms
/// included:
/// <c>p *= 1 - lr wd; m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; p -= lr / (1 - b1^t) m / (sqrt(v / (1 - b2^t)) + eps)</c>.
/// </summary>
/// <remarks>
/// Parameters of 16 bits are rounded copies of float32 ones that are kept here: steps smaller than their last digit would be lost
/// otherwise.
/// </remarks>
public sealed class AdamW : IDisposable
{
    // Parameters of one call: many, since a call takes time, but not all, since 16-bit gradients are copied to float32 for it.
    private const int AtOnce = 8;

    private readonly AdamWOptions options;
    private readonly IReadOnlyList<Tensor> parameters;
    private readonly IReadOnlyList<Tensor> gradients;
    private readonly Dictionary<int, Tensor> masters = [];
    private readonly Tensor[] averages;
    private readonly Tensor[] squares;

    /// <summary>Prepares a run of steps.</summary>
    /// <param name="parameters">What is trained, on one device; borrowed, and changed in place by every step. None: steps do
    /// nothing.</param>
    /// <param name="gradients">One of the same shape and type for each; borrowed, and read by every step.</param>
    /// <param name="options">The constants.</param>
    public AdamW(IReadOnlyList<Tensor> parameters, IReadOnlyList<Tensor> gradients, AdamWOptions options)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(gradients);
        ArgumentNullException.ThrowIfNull(options);
        if (parameters.Count != gradients.Count)
            throw new ArgumentException(
                $"There are {parameters.Count} parameters and {gradients.Count} gradients; as many of both are expected.",
                nameof(gradients)
            );
        // The fused operator does not look at shapes.
        if (parameters.Zip(gradients).Any(static pair => !pair.First.shape.SequenceEqual(pair.Second.shape)))
            throw new ArgumentException("A gradient has another shape than its parameter.", nameof(gradients));
        this.options = options;
        this.parameters = parameters;
        this.gradients = gradients;
        using var noGrad = no_grad();
        foreach (var (index, parameter) in parameters.Index())
        {
            if (TypeOfWeight(parameter) is var type && type != parameter.dtype)
                masters.Add(index, parameter.to(type).DetachFromDisposeScope());
        }
        averages = [.. parameters.Select((_, index) => zeros_like(Weight(index)).DetachFromDisposeScope())];
        squares = [.. parameters.Select((_, index) => zeros_like(Weight(index)).DetachFromDisposeScope())];
    }

    /// <summary>The number of steps taken, t.</summary>
    public long Steps { get; set; }

    /// <summary>The number of parameters.</summary>
    public int Count => parameters.Count;

    /// <summary>A parameter in the precision in which it is trained; borrowed.</summary>
    /// <param name="index">Its position.</param>
    public Tensor Weight(int index) => masters.GetValueOrDefault(index) ?? parameters[index];

    /// <summary>The running mean of a parameter's gradients, m; borrowed.</summary>
    /// <param name="index">Its position.</param>
    public Tensor Average(int index) => averages[index];

    /// <summary>The running mean of their squares, v; borrowed.</summary>
    /// <param name="index">Its position.</param>
    public Tensor Square(int index) => squares[index];

    /// <summary>Takes one step.</summary>
    /// <param name="learningRate">The rate of this step, lr.</param>
    public void Step(double learningRate)
    {
        using var noGrad = no_grad();
        Steps++;
        foreach (var indices in Enumerable.Range(0, Count).Chunk(AtOnce))
            Step(indices, learningRate);
        RoundParameters();
    }

    /// <summary>Rounds the float32 weights to the 16 bits of their parameters: after a step, and after <see cref="Weight"/> was
    /// changed.</summary>
    public void RoundParameters()
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        foreach (var (index, master) in masters)
            parameters[index].copy_(master);
    }

    /// <summary>The type in which a parameter is trained.</summary>
    internal static ScalarType TypeOfWeight(Tensor parameter) =>
        parameter.dtype is ScalarType.BFloat16 or ScalarType.Float16 ? float32 : parameter.dtype;

    /// <summary>Frees the running means.</summary>
    public void Dispose()
    {
        foreach (var tensor in averages.Concat(squares).Concat(masters.Values))
            tensor.Dispose();
    }

    private void Step(int[] indices, double learningRate)
    {
        using var scope = NewDisposeScope();
        Tensor[] weights = [.. indices.Select(Weight)];
        Tensor[] slopes = [.. indices.Select(index => gradients[index].to(TypeOfWeight(parameters[index])))];
        Tensor[] means = [.. indices.Select(Average)];
        Tensor[] meanSquares = [.. indices.Select(Square)];
        if (FusedAdamW.IsAvailable)
            FusedAdamW.Step(weights, slopes, means, meanSquares, Steps, learningRate, options);
        else
            PlainAdamW.Step(weights, slopes, means, meanSquares, Steps, learningRate, options);
    }
}
