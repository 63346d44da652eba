using static TorchSharp.torch;

namespace ImgAlign.Networks.Llama;

/// <summary>
/// Keys and values of the positions that a decoder has seen, so that the next token costs one position. It is an argument of the forward
/// pass, not a state of the network: one conversation, one cache. Without gradients only.
/// </summary>
/// <param name="layers">The decoder's number of layers.</param>
/// <param name="capacity">The most positions that it can hold; memory is taken at once, when the first layer writes.</param>
public sealed class KeyValueCache(int layers, long capacity) : IDisposable
{
    private readonly Tensor?[] keys = new Tensor?[layers];
    private readonly Tensor?[] values = new Tensor?[layers];

    /// <summary>The number of positions that all layers have seen.</summary>
    public long Length { get; private set; }

    /// <summary>Writes a layer's keys and values behind those that it already has.</summary>
    /// <param name="layer">The layer's index.</param>
    /// <param name="key">Keys of the new positions <c>[B, H, N, d]</c>.</param>
    /// <param name="value">Values of the new positions <c>[B, H, N, d]</c>.</param>
    /// <returns>Views of all keys and values so far, <c>[B, H, Length + N, d]</c>; the caller's.</returns>
    internal (Tensor Keys, Tensor Values) Append(int layer, Tensor key, Tensor value) =>
        (Append(ref keys[layer], key), Append(ref values[layer], value));

    /// <summary>Counts the new positions, once every layer has written them.</summary>
    internal void Advance(long count) => Length += count;

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        foreach (var tensor in keys.Concat(values)) tensor?.Dispose();
    }

    private Tensor Append(ref Tensor? buffer, Tensor added)
    {
        var count = added.shape[2];
        if (Length + count > capacity) throw new InvalidOperationException($"The cache holds {capacity} positions; {Length + count} are needed.");
        buffer ??= empty([added.shape[0], added.shape[1], capacity, added.shape[3]], added.dtype, added.device).DetachFromDisposeScope();
        using var target = buffer.narrow(2, Length, count);
        target.copy_(added);
        return buffer.narrow(2, 0, Length + count);
    }
}
