using static TorchSharp.torch;

namespace ImgAlign.Checkpoints;

/// <summary>Blocks of a quantized tensor, and the numbers that are packed into them.</summary>
/// <param name="bytes"><c>[blocks, bytes of a block]</c>, uint8; borrowed.</param>
/// <param name="halves">The values of all 65,536 float16 numbers, float32, on the same device; borrowed.</param>
internal readonly struct GgufBlocks(Tensor bytes, Tensor halves)
{
    /// <summary>All float16 numbers in the order of their bits: TorchSharp cannot look at bytes as numbers of another type.</summary>
    public static float[] Halves { get; } =
    [.. Enumerable.Range(0, 1 << 16).Select(static bits => (float)BitConverter.UInt16BitsToHalf((ushort)bits))];

    /// <summary>A float16 number of each block.</summary>
    /// <param name="offset">Its first byte.</param>
    /// <returns>Float32 <c>[blocks, 1]</c>.</returns>
    public Tensor Half(int offset)
    {
        var pair = Bytes(offset, 2).to(int32);
        var bits = pair.narrow(1, 1, 1).Times(256L).Plus(pair.narrow(1, 0, 1));
        return halves.index_select(0, bits.view(-1)).view(-1, 1);
    }

    /// <summary>Bytes of each block.</summary>
    /// <returns>Uint8 <c>[blocks, count]</c>, a view.</returns>
    public Tensor Bytes(int offset, int count) => bytes.narrow(1, offset, count);

    /// <summary>Signed bytes of each block.</summary>
    /// <returns>Int8 <c>[blocks, count]</c>.</returns>
    public Tensor SignedBytes(int offset, int count) => Bytes(offset, count).to(int8);

    /// <summary>
    /// Numbers of 4, 2 or 1 bits: the lowest bits of all bytes of a group are its first numbers, the next higher ones its next, then comes
    /// the next group.
    /// </summary>
    /// <param name="offset">The first byte.</param>
    /// <param name="count">The number of bytes.</param>
    /// <param name="bits">Bits of a number.</param>
    /// <param name="group">Bytes of a group.</param>
    /// <returns>Uint8 <c>[blocks, count * 8 / bits]</c>.</returns>
    public Tensor Unpack(int offset, int count, int bits, int group)
    {
        var shifts = TensorMath.Range(8, uint8, bytes.device, step: bits).view(-1, 1);
        var mask = TensorMath.Full([], (1 << bits) - 1, uint8, bytes.device);
        return Bytes(offset, count).view(-1, count / group, 1, group).bitwise_right_shift(shifts).bitwise_and_(mask).flatten(1);
    }
}
