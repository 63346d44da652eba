using static TorchSharp.torch;

namespace ImgAlign.Sampling;

/// <summary>What the network said in the last steps, for solvers that extrapolate from it. Owns its tensors.</summary>
/// <param name="length">How many are kept.</param>
internal sealed class SolverHistory(int length) : IDisposable
{
    private readonly List<(Tensor Value, NoiseLevel Level)> entries = [];

    public int Count => entries.Count;

    /// <summary>An entry, the last one being 0.</summary>
    public (Tensor Value, NoiseLevel Level) this[int back] => entries[^(back + 1)];

    /// <summary>Adds an entry, and drops the one that is too old.</summary>
    /// <param name="value">Taken over.</param>
    /// <param name="level">Where it was said.</param>
    public void Add(Tensor value, NoiseLevel level)
    {
        entries.Add((value.DetachFromDisposeScope(), level));
        if (entries.Count <= length)
            return;
        entries[0].Value.Dispose();
        entries.RemoveAt(0);
    }

    public void Dispose()
    {
        foreach (var (value, _) in entries)
            value.Dispose();
    }
}
