using ImgAlign.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Checkpoints;

public sealed class GgufTests : IDisposable
{
    private const uint F32 = 0,
        F16 = 1,
        Q8_0 = 8,
        Text = 8,
        Array = 9;

    private readonly TemporaryFolder folder = new();
    private readonly long liveTensors = LiveTensors.Count();

    public void Dispose()
    {
        folder.Dispose();
        Assert.Equal(liveTensors, Tensor.TotalCount);
    }

    [Fact]
    public void Reads_tensors_as_they_are_stored_and_as_numbers()
    {
        // Two rows of one block each: a scale of 0.5 and -1, then the numbers 0 to 31.
        byte[] Block(Half scale) => [.. BitConverter.GetBytes(scale), .. Enumerable.Range(0, 32).Select(static number => (byte)number)];
        using var scope = NewDisposeScope();
        using var checkpoint = Open(
            new GgufBuilder()
                .Meta("general.architecture", Text, GgufBuilder.Text("flux"))
                .Tensor("vector", F32, [3], [.. new[] { 1f, 2f, 3f }.SelectMany(BitConverter.GetBytes)])
                .Tensor("matrix", Q8_0, [32, 2], [.. Block((Half)0.5f), .. Block((Half)(-1))])
                .Tensor("halves", F16, [2, 1], [.. BitConverter.GetBytes((Half)0.25f), .. BitConverter.GetBytes((Half)8)])
        );
        Assert.Equal(("GGUF", "flux"), (checkpoint.Format, checkpoint.Metadata["general.architecture"]));
        Assert.Equal(
            ["F32 [3] 12", "Q8_0 [2, 32] 68", "F16 [1, 2] 4"],
            checkpoint.Tensors.Values.Select(static info => $"{info.TypeName} {info.ShapeText} {info.Bytes}")
        );
        Assert.Equal([1f, 2f, 3f], checkpoint.Read("vector").data<float>().ToArray());
        var numbers = Enumerable.Range(0, 32).ToList();
        Assert.Equal(
            [.. numbers.Select(static number => number * 0.5f), .. numbers.Select(static number => -(float)number)],
            checkpoint.Read("matrix").data<float>().ToArray()
        );
        Assert.Equal((uint8, 34L), (checkpoint.ReadCompact("matrix").Elements.dtype, checkpoint.ReadCompact("matrix").Elements.shape[1]));
        Assert.Equal([0.25f, 8f], checkpoint.Read("halves").to(float32).data<float>().ToArray());
        Assert.Throws<CheckpointException>(() => checkpoint.Read("another"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    [InlineData(4096)]
    public void Follows_the_alignment_that_the_file_names(int alignment)
    {
        using var scope = NewDisposeScope();
        using var checkpoint = Open(
            new GgufBuilder { Alignment = alignment }
                .Meta("general.alignment", 4, GgufBuilder.UInt32((uint)alignment))
                .Tensor("odd", 24, [3], [1, 2, 3])
                .Tensor("x", F32, [1], BitConverter.GetBytes(7f))
        );
        Assert.Equal(7f, checkpoint.Read("x").item<float>());
    }

    [Fact]
    public void All_types_of_metadata_are_passed_over()
    {
        var builder = new GgufBuilder().Tensor("x", F32, [1], BitConverter.GetBytes(7f));
        (uint, int)[] numbers = [(0, 1), (1, 1), (2, 2), (3, 2), (4, 4), (5, 4), (6, 4), (7, 1), (10, 8), (11, 8), (12, 8)];
        foreach (var (type, bytes) in numbers)
        {
            builder.Meta($"number {type}", type, new byte[bytes]);
            builder.Meta($"array {type}", Array, [.. GgufBuilder.UInt32(type), .. GgufBuilder.UInt64(3), .. new byte[3 * bytes]]);
        }
        byte[] texts = [.. GgufBuilder.Text("one"), .. GgufBuilder.Text("")];
        builder.Meta("texts", Array, [.. GgufBuilder.UInt32(Text), .. GgufBuilder.UInt64(2), .. texts]);
        using var checkpoint = Open(builder);
        string[] keys = ["number 12", "array 12", "texts"];
        Assert.Equal(["0", "3 values", "2 values"], keys.Select(key => checkpoint.Metadata[key]));
    }

    [Fact]
    public void A_file_that_ends_anywhere_too_early_is_refused()
    {
        var whole = File.ReadAllBytes(Path.Combine(TestData.Golden, "quantized", "tensors.gguf"));
        var path = folder.File("cut.gguf");
        File.WriteAllBytes(path, whole);
        using (var file = new FileStream(path, FileMode.Open))
        {
            for (var length = whole.Length - 32; length >= 0; length--)
            {
                file.SetLength(length);
                file.Flush();
                Assert.Throws<CheckpointException>(() => Checkpoint.Open(path));
            }
        }
    }

    public static TheoryData<string, string> Damaged =>
        new()
        {
            { "magic", "neither safetensors nor GGUF" },
            { "version 1", "of version 1, and 2 and 3 are read here" },
            { "big-endian", "big-endian" },
            { "huge tensor count", "the number of tensors is 18446744073709551615" },
            { "tensor count", "it ends in the middle" },
            { "huge metadata count", "the number of metadata is 18446744073709551615" },
            { "name length", "the length of the name of a tensor is 9223372036854775807" },
            { "key length", "the length of a name of metadata is 9223372036854775807" },
            { "text length", "the length of 'note' is 4294967296" },
            { "text beyond the end", "it ends in the middle" },
            { "array length", "the length of an array is 9223372036854775807" },
            { "array of arrays", "array of arrays" },
            { "text in an array", "the length of a text is 9223372036854775807" },
            { "name that is no text", "cannot be read as GGUF: a text in it is not UTF-8" },
            { "metadata type", "metadata of the type 13" },
            { "same key", "'note' is there twice" },
            { "same tensor", "tensor 'x' is there twice" },
            { "dimensions", "5 dimensions" },
            { "overflow", "size overflows" },
            { "huge dimension", "a dimension of tensor 'x' is 18446744073709551615" },
            { "rows", "not whole blocks of 32 elements as Q8_0" },
            { "scalar", "not whole blocks of 32 elements as Q8_0" },
            { "offset past the end", "begin at byte 4096, not at 32" },
            { "offset of another tensor", "begin at byte 0, not at 32" },
            { "huge offset", "the place of tensor 'x' is 18446744073709551615" },
            { "data", "needs 4000000 bytes but" },
            { "alignment", "'general.alignment' is 24" },
            { "IQ2_XXS", "is in IQ2_XXS, which is not read here; take the model in another quantization: Q4_0," },
            { "Q8_K", "is in Q8_K" },
            { "MXFP4", "is in MXFP4" },
            { "unknown type", "is in a type that ggml numbers 999" },
        };

    [Theory]
    [MemberData(nameof(Damaged))]
    public void Damaged_files_are_refused_by_what_is_wrong(string damage, string problem)
    {
        var path = folder.Write("x.gguf", Damage(damage).ToArray());
        var exception = Assert.Throws<CheckpointException>(() => Checkpoint.Open(path));
        Assert.StartsWith(path + ": ", exception.Message, StringComparison.Ordinal);
        Assert.Contains(problem, exception.Message, StringComparison.Ordinal);
    }

    private static GgufBuilder Damage(string damage)
    {
        var huge = GgufBuilder.UInt64(long.MaxValue);
        var note = GgufBuilder.Text("note");
        var builder = new GgufBuilder().Tensor("first", F32, [1], new byte[4]);
        GgufBuilder Tensor(uint type, ulong[] dimensions, ulong? offset = null) =>
            builder.Tensor("x", type, dimensions, new byte[64], offset);
        return damage switch
        {
            "magic" => new GgufBuilder { Magic = "GGLF" },
            "version 1" => new GgufBuilder { Version = 1 },
            "big-endian" => new GgufBuilder { Version = 0x03000000 },
            "huge tensor count" => new GgufBuilder { TensorCount = ulong.MaxValue },
            "tensor count" => new GgufBuilder { TensorCount = 90_000 },
            "huge metadata count" => new GgufBuilder { MetadataCount = ulong.MaxValue },
            "name length" => builder.Tensor(huge, F32, [1], new byte[4]),
            "key length" => builder.Meta(huge),
            "text length" => builder.Meta([.. note, .. GgufBuilder.UInt32(Text), .. GgufBuilder.UInt64(1UL << 32)]),
            "text beyond the end" => builder.Meta([.. note, .. GgufBuilder.UInt32(Text), .. GgufBuilder.UInt64(1_000_000)]),
            "array length" => builder.Meta("note", Array, [.. GgufBuilder.UInt32(0), .. huge]),
            "array of arrays" => builder.Meta("note", Array, [.. GgufBuilder.UInt32(Array), .. GgufBuilder.UInt64(1)]),
            "text in an array" => builder.Meta("note", Array, [.. GgufBuilder.UInt32(Text), .. GgufBuilder.UInt64(1), .. huge]),
            "name that is no text" => builder.Tensor([.. GgufBuilder.UInt64(2), 0xC3, 0x28], F32, [1], new byte[4]),
            "metadata type" => builder.Meta("note", 13, 0),
            "same key" => builder.Meta("note", 0, 0).Meta("note", 0, 0),
            "same tensor" => Tensor(F32, [1]).Tensor("x", F32, [1], new byte[4]),
            "dimensions" => Tensor(F32, [1, 1, 1, 1, 1]),
            "overflow" => Tensor(F32, [1UL << 40, 1UL << 40]),
            "huge dimension" => Tensor(F32, [ulong.MaxValue]),
            "rows" => Tensor(Q8_0, [33, 1]),
            "scalar" => Tensor(Q8_0, []),
            "offset past the end" => Tensor(F32, [1], offset: 4096),
            "offset of another tensor" => Tensor(F32, [1], offset: 0),
            "huge offset" => Tensor(F32, [1], offset: ulong.MaxValue),
            "data" => Tensor(F32, [1_000_000]),
            "alignment" => builder.Meta("general.alignment", 4, GgufBuilder.UInt32(24)),
            "IQ2_XXS" => Tensor(16, [256, 1]),
            "Q8_K" => Tensor(15, [256, 1]),
            "MXFP4" => Tensor(39, [256, 1]),
            "unknown type" => Tensor(999, [256, 1]),
            _ => throw new ArgumentException(damage, nameof(damage)),
        };
    }

    private Checkpoint Open(GgufBuilder builder) => Checkpoint.Open(folder.Write("x.gguf", builder.ToArray()));
}
