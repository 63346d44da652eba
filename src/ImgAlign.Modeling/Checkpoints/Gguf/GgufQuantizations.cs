using static TorchSharp.torch;

namespace ImgAlign.Checkpoints;

/// <summary>
/// The quantizations of ggml that are known here, as <c>ggml-common.h</c> lays out their blocks and <c>ggml-quants.c</c> reads them. The
/// simple ones have 32 elements in a block, K and IQ4_XS 256, in parts with scales of their own.
/// </summary>
internal static class GgufQuantizations
{
    private static readonly float[] NonLinear = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

    /// <summary>All of them by their number in files.</summary>
    public static IReadOnlyDictionary<uint, GgufForm> ById { get; } =
        new Dictionary<uint, GgufForm>
        {
            [2] = new("Q4_0", 32, 18, static blocks => blocks.Half(0) * blocks.Unpack(2, 16, 4, 16).to(int8).Minus(8L)),
            [3] = new("Q4_1", 32, 20, static blocks => blocks.Half(2).PlusProduct(blocks.Half(0), blocks.Unpack(4, 16, 4, 16))),
            [6] = new(
                "Q5_0",
                32,
                22,
                static blocks => blocks.Half(0) * Joined(blocks.Unpack(6, 16, 4, 16), blocks.Unpack(2, 4, 1, 1)).to(int8).Minus(16L)
            ),
            [7] = new(
                "Q5_1",
                32,
                24,
                static blocks => blocks.Half(2).PlusProduct(blocks.Half(0), Joined(blocks.Unpack(8, 16, 4, 16), blocks.Unpack(4, 4, 1, 1)))
            ),
            [8] = new("Q8_0", 32, 34, static blocks => blocks.Half(0) * blocks.SignedBytes(2, 32)),
            [10] = new("Q2_K", 256, 84, Q2K),
            [11] = new("Q3_K", 256, 110, Q3K),
            [12] = new("Q4_K", 256, 144, static blocks => ScaledWithMinimum(blocks, blocks.Unpack(16, 128, 4, 32))),
            [13] = new(
                "Q5_K",
                256,
                176,
                static blocks => ScaledWithMinimum(blocks, Joined(blocks.Unpack(48, 128, 4, 32), blocks.Unpack(16, 32, 1, 32)))
            ),
            [14] = new("Q6_K", 256, 210, Q6K),
            [20] = new("IQ4_NL", 32, 18, static blocks => blocks.Half(0) * NonLinearValues(blocks.Unpack(2, 16, 4, 16))),
            [23] = new("IQ4_XS", 256, 136, Iq4Xs),
        };

    // Scales and minima of 4 bits: the lower and the upper halves of 16 bytes.
    private static Tensor Q2K(GgufBlocks blocks)
    {
        var scales = blocks.Unpack(0, 16, 4, 16);
        var factors = (blocks.Half(80) * scales.narrow(1, 0, 16)).unsqueeze(2);
        var minima = (blocks.Half(82) * scales.narrow(1, 16, 16)).unsqueeze(2);
        return factors * InParts(blocks.Unpack(16, 64, 2, 32), 16) - minima;
    }

    // The high bit of an element says that 4 is not to be subtracted.
    private static Tensor Q3K(GgufBlocks blocks)
    {
        var scales = Joined(blocks.Unpack(96, 8, 4, 8), blocks.Unpack(104, 4, 2, 4)).to(int8).Minus(32L);
        var elements = Joined(blocks.Unpack(32, 64, 2, 32), blocks.Unpack(0, 32, 1, 32), lowBits: 2).to(int8).Minus(4L);
        return (blocks.Half(108) * scales).unsqueeze(2) * InParts(elements, 16);
    }

    private static Tensor Q6K(GgufBlocks blocks)
    {
        var elements = Joined(blocks.Unpack(0, 128, 4, 64), blocks.Unpack(128, 64, 2, 32)).to(int8).Minus(32L);
        return (blocks.Half(208) * blocks.SignedBytes(192, 16)).unsqueeze(2) * InParts(elements, 16);
    }

    private static Tensor Iq4Xs(GgufBlocks blocks)
    {
        var scales = Joined(blocks.Unpack(4, 4, 4, 1), blocks.Unpack(2, 2, 2, 1)).to(int8).Minus(32L);
        return (blocks.Half(0) * scales).unsqueeze(2) * NonLinearValues(InParts(blocks.Unpack(8, 128, 4, 16), 8));
    }

    // Q4_K and Q5_K: eight scales and eight minima of 6 bits in 12 bytes. The first four of each are the lower bits of the first eight
    // bytes, whose two upper bits belong to the last four, which have their lower bits in the last four bytes.
    private static Tensor ScaledWithMinimum(GgufBlocks blocks, Tensor elements)
    {
        var packed = blocks.Bytes(4, 8);
        var first = packed.bitwise_and(TensorMath.Full([], 63, uint8, packed.device));
        var last = Joined(blocks.Unpack(12, 4, 4, 4), packed.bitwise_right_shift(TensorMath.Full([], 6, uint8, packed.device)));
        var factors = blocks.Half(0) * cat([first.narrow(1, 0, 4), last.narrow(1, 0, 4)], 1);
        var minima = blocks.Half(2) * cat([first.narrow(1, 4, 4), last.narrow(1, 4, 4)], 1);
        return factors.unsqueeze(2) * InParts(elements, 8) - minima.unsqueeze(2);
    }

    private static Tensor InParts(Tensor elements, int parts) => elements.view(elements.shape[0], parts, -1);

    // Numbers whose lower and upper bits are stored apart.
    private static Tensor Joined(Tensor low, Tensor high, int lowBits = 4) =>
        high.bitwise_left_shift(TensorMath.Full([], lowBits, uint8, high.device)).bitwise_or_(low);

    private static Tensor NonLinearValues(Tensor indices) =>
        tensor(NonLinear, device: indices.device).index_select(0, indices.to(int32).view(-1)).view(indices.shape);
}
