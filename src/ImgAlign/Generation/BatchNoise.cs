using static TorchSharp.torch;

namespace ImgAlign.Generation;

/// <summary>The noise of one generation of a batch: each picture's own stream, from its beginning.</summary>
/// <param name="streams">The noise of all pictures; borrowed.</param>
/// <param name="batch">The pictures of the batch.</param>
/// <param name="device">Where the noise is used.</param>
/// <param name="drawn">How many draws of the streams come before.</param>
internal sealed class BatchNoise(NoiseStreams streams, IReadOnlyList<Drawing> batch, Device device, int drawn) : INoiseSource
{
    public Tensor Draw(IReadOnlyList<long> shape)
    {
        using var scope = NewDisposeScope();
        long[] picture = [.. shape.Skip(1)];
        var rows = batch.Select(drawing => streams.Of(drawing.Item).Draw(drawn, drawing.Item.Index, picture)).ToList();
        drawn++;
        return cat(rows).to(device).MoveToOuterDisposeScope();
    }
}
