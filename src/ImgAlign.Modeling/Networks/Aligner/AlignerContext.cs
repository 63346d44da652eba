using TorchSharp;

namespace ImgAlign.Networks.Aligner;

/// <summary>What the aligner makes of the detector's hidden states, once for all passes. Owns its tensors.</summary>
public sealed class AlignerContext : IDisposable
{
    internal AlignerContext(IReadOnlyList<torch.Tensor> keysAndValues) => KeysAndValues = keysAndValues;

    /// <summary>Keys and values of each layer, <c>[B, N, 2 H dh]</c>.</summary>
    internal IReadOnlyList<torch.Tensor> KeysAndValues { get; }

    /// <summary>Frees the tensors.</summary>
    public void Dispose()
    {
        foreach (var tensor in KeysAndValues)
            tensor.Dispose();
    }
}
