using static TorchSharp.torch;

namespace ImgAlign.Checkpoints;

/// <summary>A quantization of GGUF files: each row is blocks of equally many elements, each of which has scales of its own.</summary>
/// <param name="name">Its name in ggml.</param>
/// <param name="blockElements">Elements of a block.</param>
/// <param name="blockBytes">Bytes of a block.</param>
/// <param name="dequantize">From blocks to float32 <c>[blocks, elements of a block]</c>, in any shape of as many elements.</param>
internal sealed class GgufForm(string name, int blockElements, int blockBytes, Func<GgufBlocks, Tensor> dequantize) : CompactForm(name)
{
    // Enough for all threads of a CPU and little enough for its cache; a GPU takes its time to begin.
    private static long PieceElements(Device device) => device.type == TorchSharp.DeviceType.CPU ? 1 << 18 : 1 << 22;

    // Temporaries of a piece: up to two float32 numbers and eight bytes for each element.
    private const long WorkingBytes = 16;

    /// <summary>Elements of a block.</summary>
    public int BlockElements { get; } = blockElements;

    /// <summary>Bytes of a block.</summary>
    public int BlockBytes { get; } = blockBytes;

    /// <inheritdoc/>
    public override ScalarType Type => uint8;

    /// <inheritdoc/>
    public override bool HasFactors => false;

    /// <inheritdoc/>
    public override long[] ElementsShape(IReadOnlyList<long> shape) => [.. shape.SkipLast(1), shape[^1] / BlockElements * BlockBytes];

    /// <inheritdoc/>
    public override long ExpandingBytes(long elements, ScalarType type, Device device) =>
        elements * ElementType.Of(type)!.Bytes + Math.Min(elements, PieceElements(device)) * WorkingBytes;

    /// <inheritdoc/>
    public override CompactMatrix Compress(Tensor weight) =>
        throw new NotSupportedException($"Weights are read from {Name}, not brought into it.");

    /// <inheritdoc/>
    public override Tensor Expand(CompactMatrix matrix, ScalarType type)
    {
        using var scope = NewDisposeScope();
        var device = matrix.Elements.device;
        var blocks = matrix.Elements.view(-1, BlockBytes);
        var halves = tensor(GgufBlocks.Halves, device: device);
        var result = empty([blocks.shape[0], BlockElements], type, device);
        var step = PieceElements(device) / BlockElements;
        for (var first = 0L; first < blocks.shape[0]; first += step)
        {
            using var pieceScope = NewDisposeScope();
            var count = Math.Min(step, blocks.shape[0] - first);
            var values = dequantize(new GgufBlocks(blocks.narrow(0, first, count), halves));
            result.narrow(0, first, count).copy_(values.view(count, BlockElements));
        }
        long[] shape = [.. matrix.Elements.shape[..^1], matrix.Elements.shape[^1] / BlockBytes * BlockElements];
        return result.view(shape).MoveToOuterDisposeScope();
    }
}
