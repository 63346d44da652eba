using ImgAlign.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Checkpoints;

public sealed class PickleTests : IDisposable
{
    private static readonly byte[] FourFloats = [0, 0, 128, 63, 0, 0, 0, 64, 0, 0, 64, 64, 0, 0, 128, 64];

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private Checkpoint Open(PickleBuilder pickle) => Checkpoint.Open(folder.Write("x.pth", pickle.ToZip(("0", FourFloats))));

    private string Refusal(PickleBuilder pickle) => Assert.Throws<CheckpointException>(() => Open(pickle)).Message;

    private static PickleBuilder Whole(PickleBuilder pickle) => pickle.Tensor("FloatStorage", "0", 4, 0, [4], [1]);

    [Fact]
    public void Joins_the_keys_of_nested_dictionaries_and_leaves_out_the_rest()
    {
        var pickle = new PickleBuilder().Op("}(").Text("a").Op("}(").Text("b");
        Whole(pickle).Op("K\x07");
        Whole(pickle).Op("N").Text("no key").Op("u").Text("list").Op("](");
        Whole(pickle).Op("e").Text("epoch").Op("K\x03u");
        using var checkpoint = Open(pickle);
        Assert.Equal(["a.b", "a.7"], checkpoint.Tensors.Keys);
        Assert.Equal("PyTorch zip pickle", checkpoint.Format);
    }

    [Fact]
    public void A_later_item_replaces_an_earlier_one()
    {
        using var scope = NewDisposeScope();
        var pickle = new PickleBuilder().Op("}(").Text("a").Op("N").Text("a").Tensor("FloatStorage", "0", 4, 1, [2], [2]).Op("u");
        using var checkpoint = Open(pickle);
        Assert.Equal([2f, 4f], checkpoint.Read("a").data<float>().ToArray());
    }

    [Fact]
    public void Reads_an_ordered_dictionary_of_Python_2()
    {
        var pickle = new PickleBuilder().Global("collections", "OrderedDict").Op("(](](U\x01").Op("a");
        Whole(pickle).Op("ee").Op("tR");
        using var checkpoint = Open(pickle);
        Assert.Equal(["a"], checkpoint.Tensors.Keys);
    }

    [Fact]
    public void Reads_types_without_a_storage_of_their_own()
    {
        using var scope = NewDisposeScope();
        var pickle = new PickleBuilder()
            .Op("}(")
            .Text("a")
            .Global("torch._utils", "_rebuild_tensor_v3")
            .Op("((")
            .Text("storage")
            .Global("torch.storage", "UntypedStorage")
            .Text("0")
            .Text("cpu")
            .Integer(16)
            .Op("tQ")
            .Integer(2)
            .Tuple(2, 3)
            .Tuple(3, 1)
            .Op("\x89)")
            .Global("torch", "float8_e4m3fn")
            .Op("tRu");
        using var checkpoint = Open(pickle);
        Assert.Equal("F8_E4M3", checkpoint.Tensors["a"].TypeName);
        Assert.Equal(FourFloats[2..8], checkpoint.Read("a").bytes.ToArray());
    }

    [Fact]
    public void Repeats_by_a_stride_of_0_within_reason()
    {
        using var scope = NewDisposeScope();
        using var checkpoint = Open(new PickleBuilder().Op("}(").Text("a").Tensor("FloatStorage", "0", 4, 1, [3, 2], [0, 1]).Op("u"));
        Assert.Equal([2f, 3f, 2f, 3f, 2f, 3f], checkpoint.Read("a").data<float>().ToArray());
        Assert.Contains(
            "more than a file",
            Refusal(new PickleBuilder().Op("}(").Text("a").Tensor("FloatStorage", "0", 4, 0, [1L << 40], [0]).Op("u")),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Dictionaries_that_contain_themselves_end()
    {
        Assert.Contains("nested", Refusal(new PickleBuilder().Op("}q\0").Text("a").Op("h\0s")), StringComparison.Ordinal);

        // Each dictionary holds the next one twice: 2^30 paths.
        var sharing = new PickleBuilder().Op("}q\0");
        for (var i = 0; i < 30; i++)
            sharing.Op("}(").Text("a").Op($"h{(char)i}").Text("b").Op($"h{(char)i}uq{(char)(i + 1)}");
        Assert.Contains("items", Refusal(sharing), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("}}}")]
    [InlineData("K\x01")]
    [InlineData("(")]
    public void Pickles_of_many_steps_take_little_memory(string step)
    {
        var pickle = new PickleBuilder();
        for (var i = 0; i < 2_000_000; i++)
            pickle.Op(step);
        var path = folder.Write("x.pth", pickle.ToZip());
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<CheckpointException>(() => Checkpoint.Open(path));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 100_000_000);
    }

    [Theory]
    [InlineData("ByteStorage")]
    [InlineData("DoubleStorage")]
    public void A_storage_of_another_size_is_refused(string storage) =>
        Assert.Contains(
            "bytes",
            Refusal(new PickleBuilder().Op("}(").Text("a").Tensor(storage, "0", 4, 0, [4], [1]).Op("u")),
            StringComparison.Ordinal
        );

    [Fact]
    public void One_storage_of_two_types_is_refused()
    {
        var pickle = new PickleBuilder()
            .Op("}(")
            .Text("a")
            .Tensor("FloatStorage", "0", 4, 0, [4], [1])
            .Text("b")
            .Tensor("IntStorage", "0", 4, 0, [4], [1])
            .Op("u");
        Assert.Contains("two ways", Refusal(pickle), StringComparison.Ordinal);
    }

    [Fact]
    public void Html_pages_and_pointers_are_recognised()
    {
        var path = folder.Write("x.safetensors", "\n<!DOCTYPE html><html></html>");
        Assert.Contains("HTML", Assert.Throws<CheckpointException>(() => Checkpoint.Open(path)).Message, StringComparison.Ordinal);
    }
}
