using System.Diagnostics.CodeAnalysis;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Llama;

/// <summary>
/// Keys and values of the positions that a decoder has seen, so that the next token costs one position. It is an argument of the forward
/// pass, not a state of the network: one conversation, one cache. Without gradients only, and inside of a dispose scope. It takes memory as
/// it grows.
/// </summary>
/// <param name="layers">The decoder's number of layers.</param>
public sealed class KeyValueCache(int layers) : IDisposable
{
    private const long Step = 256;

    private readonly Tensor?[] keys = new Tensor?[layers];
    private readonly Tensor?[] values = new Tensor?[layers];

    /// <summary>The number of positions that all layers have seen.</summary>
    public long Length { get; private set; }

    /// <summary>Writes a layer's keys and values behind those that it already has.</summary>
    /// <param name="layer">The layer's index.</param>
    /// <param name="key">Keys of the new positions <c>[B, H, N, d]</c>.</param>
    /// <param name="value">Values of the new positions <c>[B, H, N, d]</c>.</param>
    /// <returns>Views of all keys and values so far, <c>[B, H, Length + N, d]</c>; disposed by the caller.</returns>
    internal (Tensor Keys, Tensor Values) Append(int layer, Tensor key, Tensor value) =>
        (Append(ref keys[layer], key), Append(ref values[layer], value));

    /// <summary>Where the next token stands: <see cref="Length"/>, unless images took fewer steps than positions.</summary>
    internal long NextPosition { get; private set; }

    /// <summary>Counts the new positions, once every layer has written them.</summary>
    internal void Advance(long count)
    {
        Length += count;
        NextPosition += count;
    }

    /// <summary>Forgets what text there is behind a length, so that another can follow.</summary>
    /// <param name="length">The positions to keep; every later one is of text, which counts on by one.</param>
    internal void Rewind(long length)
    {
        NextPosition -= Length - length;
        Length = length;
    }

    /// <summary>Says where the next token stands.</summary>
    internal void ContinueAt(long position) => NextPosition = position;

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        foreach (var tensor in keys.Concat(values))
            tensor?.Dispose();
    }

    /// <summary>The positions for which it has taken memory once it holds that many: it grows in steps.</summary>
    internal static long CapacityFor(long positions) => (positions + Step - 1) / Step * Step;

    private Tensor Append(ref Tensor? buffer, Tensor added)
    {
        var count = added.shape[2];
        if (buffer is null || buffer.shape[2] < Length + count)
            Grow(ref buffer, added, CapacityFor(Length + count));
        buffer.narrow(2, Length, count).copy_(added);
        return buffer.narrow(2, 0, Length + count);
    }

    private void Grow([NotNull] ref Tensor? buffer, Tensor like, long capacity)
    {
        var larger = empty([like.shape[0], like.shape[1], capacity, like.shape[3]], like.dtype, like.device).DetachFromDisposeScope();
        if (buffer is not null)
        {
            larger.narrow(2, 0, Length).copy_(buffer.narrow(2, 0, Length));
            buffer.Dispose();
        }
        buffer = larger;
    }
}
