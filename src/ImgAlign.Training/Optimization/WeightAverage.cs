using static TorchSharp.torch;

namespace ImgAlign.Training.Optimization;

/// <summary>An exponential moving average of weights: <c>average += (1 - decay) (weight - average)</c> after every step.</summary>
internal sealed class WeightAverage : IDisposable
{
    private readonly AdamW optimizer;
    private readonly double decay;

    public WeightAverage(AdamW optimizer, double decay)
    {
        this.optimizer = optimizer;
        this.decay = decay;
        using var noGrad = no_grad();
        Averages =
        [
            .. Enumerable.Range(0, optimizer.Count).Select(index => optimizer.Weight(index).detach().clone().DetachFromDisposeScope()),
        ];
    }

    public IReadOnlyList<Tensor> Averages { get; }

    public void Update()
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        foreach (var (index, average) in Averages.Index())
            average.lerp_(optimizer.Weight(index), 1 - decay);
    }

    /// <summary>Exchanges weights and averages, of the parts of them that the optimiser has; a second call exchanges them back.</summary>
    public void Exchange()
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        foreach (var (index, average) in Averages.Index())
        {
            var weight = optimizer.Weight(index).clone();
            optimizer.Weight(index).copy_(average);
            average.copy_(weight);
        }
        optimizer.RoundParameters();
    }

    public void Dispose()
    {
        foreach (var average in Averages)
            average.Dispose();
    }
}
