using static TorchSharp.torch;

namespace ImgAlign.Networks.Llama;

/// <summary>What is added to the states of some positions behind a decoder's first layers (Qwen3-VL's deepstack).</summary>
/// <param name="Positions">The positions, counted through all rows, <c>[P]</c> of int64.</param>
/// <param name="Values">One <c>[P, D]</c> for each of the first layers.</param>
public sealed record LayerAdditions(Tensor Positions, IReadOnlyList<Tensor> Values)
{
    /// <summary>Adds what belongs behind a layer.</summary>
    /// <param name="layer">The layer, from 0.</param>
    /// <param name="hidden">What it returned, <c>[B, N, D]</c>; changed in place.</param>
    internal void AddTo(Tensor hidden, int layer)
    {
        if (layer >= Values.Count)
            return;
        using var scope = NewDisposeScope();
        var rows = hidden.view(-1, hidden.shape[^1]);
        rows.index_copy_(0, Positions, rows.index_select(0, Positions).PlusInPlace(Values[layer]));
    }
}
