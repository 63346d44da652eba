using static TorchSharp.torch;

namespace ImgAlign.Generation;

/// <summary>The noise of one generation of a batch: each item's own stream, from its beginning.</summary>
/// <param name="streams">The streams of all items; borrowed.</param>
/// <param name="batch">The items of the batch.</param>
/// <param name="device">Where the noise is used.</param>
/// <param name="drawn">How many draws of the streams come before.</param>
internal sealed class BatchNoise(IReadOnlyList<NoiseStream> streams, IReadOnlyList<int> batch, Device device, int drawn) : INoiseSource
{
    public Tensor Draw(IReadOnlyList<long> shape)
    {
        using var scope = NewDisposeScope();
        long[] item = [.. shape.Skip(1)];
        var rows = batch.Select(index => streams[index].Draw(drawn, index, item)).ToList();
        drawn++;
        return cat(rows).to(device).MoveToOuterDisposeScope();
    }
}
