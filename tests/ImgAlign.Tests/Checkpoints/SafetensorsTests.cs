using System.Buffers.Binary;
using System.Text;
using ImgAlign.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Checkpoints;

public sealed class SafetensorsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly long liveTensors = LiveTensors.Count();

    public void Dispose()
    {
        folder.Dispose();
        Assert.Equal(liveTensors, Tensor.TotalCount);
    }

    /// <summary>Every element type that the format and libtorch have in common.</summary>
    public static TheoryData<string> Types =>
        new(ElementType.All.Where(type => ElementType.FromName(type.Name) is not null).Select(type => type.Name));

    [Theory]
    [MemberData(nameof(Types))]
    public void Writes_and_reads_every_type(string name)
    {
        var type = ElementType.FromName(name)!;
        using var scope = NewDisposeScope();
        var values = zeros([2, 3], type.Scalar);
        values.bytes[1] = 1;
        var path = folder.File("x.safetensors");
        SafetensorsWriter.Write(
            path,
            new Dictionary<string, Tensor>
            {
                ["a"] = values,
                ["scalar"] = zeros([], type.Scalar),
                ["none"] = zeros([0, 4], type.Scalar),
            }
        );

        using var checkpoint = Checkpoint.Open(path);
        Assert.Equal((type.Scalar, name), (checkpoint.Tensors["a"].Type, checkpoint.Tensors["a"].TypeName));
        Assert.Equal(values.bytes.ToArray(), checkpoint.Read("a").bytes.ToArray());
        Assert.Equal([2L, 3L], checkpoint.Read("a").shape);
        Assert.Equal([], checkpoint.Read("scalar").shape);
        Assert.Equal([0L, 4L], checkpoint.Read("none").shape);
    }

    [Fact]
    public void Views_outlive_the_checkpoint_and_writing_to_them_leaves_the_file_alone()
    {
        using var scope = NewDisposeScope();
        var path = folder.File("x.safetensors");
        SafetensorsWriter.Write(path, new Dictionary<string, Tensor> { ["a"] = ones(1000) });
        var before = File.ReadAllBytes(path);
        Tensor view;
        using (var checkpoint = Checkpoint.Open(path))
            view = checkpoint.Read("a");
        view.add_(1);
        Assert.Equal(2000, view.sum().item<float>());
        Assert.Equal(before, File.ReadAllBytes(path));
    }

    [Fact]
    public void Reads_tensors_that_are_not_aligned()
    {
        using var scope = NewDisposeScope();
        var path = folder.Write(
            "x.safetensors",
            Bytes(
                """{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"F32","shape":[2],"data_offsets":[1,9]}}""",
                [7, 0, 0, 128, 63, 0, 0, 0, 64]
            )
        );
        using var checkpoint = Checkpoint.Open(path);
        Assert.Equal([1f, 2f], checkpoint.Read("b").data<float>().ToArray());
    }

    [Fact]
    public void Writes_strided_tensors_and_metadata()
    {
        using var scope = NewDisposeScope();
        var matrix = arange(6, float32).view(2, 3);
        var path = folder.File("x.safetensors");
        SafetensorsWriter.Write(
            path,
            new Dictionary<string, Tensor> { ["t"] = matrix.t() },
            new Dictionary<string, string> { ["format"] = "pt", ["ä"] = "\"" }
        );
        using var checkpoint = Checkpoint.Open(path);
        Assert.Equal([0f, 3f, 1f, 4f, 2f, 5f], checkpoint.Read("t").data<float>().ToArray());
        Assert.Equal("\"", checkpoint.Metadata["ä"]);
        Assert.Equal("safetensors", checkpoint.Format);
    }

    [Fact]
    public void Follows_links_as_the_hub_lays_them()
    {
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(folder.File("blob"), new Dictionary<string, Tensor> { ["a"] = ones(100) });
        File.CreateSymbolicLink(folder.File("model.safetensors"), "blob");
        using var checkpoint = Checkpoint.Open(folder.Path);
        Assert.Equal(100, checkpoint.Read("a").sum().item<float>());
    }

    [Fact]
    public void Reads_headers_longer_than_its_window()
    {
        using var scope = NewDisposeScope();
        var path = folder.File("x.safetensors");
        var tensors = Enumerable.Range(0, 2000).ToDictionary(i => $"{i}.{new string('n', i % 300)}", i => full(1, (float)i));
        SafetensorsWriter.Write(path, tensors, new Dictionary<string, string> { ["text"] = new('t', 200_000) });
        using var checkpoint = Checkpoint.Open(path);
        Assert.Equal(200_000, checkpoint.Metadata["text"].Length);
        Assert.All(tensors, pair => Assert.Equal(pair.Value.item<float>(), checkpoint.Read(pair.Key).item<float>()));
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"U8","shape":[-0],"data_offsets":[0,0]}}""", "not negative")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1e0],"data_offsets":[0,1]}}""", "not negative")]
    [InlineData("""{"a":{"dtype":"F4","shape":[2],"data_offsets":[0,1]}}""", "not supported")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"shape":[1]}}""", "two fields")]
    [InlineData("""{"__metadata__":{},"__metadata__":{}}""", "twice")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}} x""", "broken")]
    [InlineData("""{"a\ud800":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", "broken")]
    [InlineData("""{"a":{"dtype":"U8","shape":[18446744073709551615,0],"data_offsets":[0,0]}}""", "not negative")]
    public void Refuses_what_the_format_does_not_allow(string header, string problem)
    {
        var path = folder.Write("x.safetensors", Bytes(header, [0]));
        var exception = Assert.Throws<CheckpointException>(() => Checkpoint.Open(path));
        Assert.Contains(problem, exception.Message, StringComparison.Ordinal);
        Assert.StartsWith(path, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Ignores_fields_that_it_does_not_know()
    {
        using var scope = NewDisposeScope();
        var path = folder.Write(
            "x.safetensors",
            Bytes("""{"a":{"more":[{"x":[1,2]},null],"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", [5])
        );
        using var checkpoint = Checkpoint.Open(path);
        Assert.Equal(5, checkpoint.Read("a").item<byte>());
    }

    [Fact]
    public void A_missing_tensor_is_named()
    {
        var path = folder.Write("x.safetensors", Bytes("{}", []));
        using var checkpoint = Checkpoint.Open(path);
        Assert.Equal("missing", Assert.Throws<CheckpointException>(() => checkpoint.Read("missing")).TensorName);
    }

    [Fact]
    public void A_failed_write_leaves_the_old_file_and_nothing_else()
    {
        var path = folder.Write("x.safetensors", "old");
        using var failing = new FailingCheckpoint();
        Assert.Throws<CheckpointException>(() => SafetensorsWriter.Write(path, failing));
        Assert.Equal("old", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void Types_that_the_format_lacks_are_the_programmers_error()
    {
        using var complex = zeros(1, complex128);
        Assert.Throws<ArgumentException>(() =>
            SafetensorsWriter.Write(folder.File("x.safetensors"), new Dictionary<string, Tensor> { ["c"] = complex })
        );
    }

    internal static byte[] Bytes(string header, byte[] data)
    {
        var length = new byte[8];
        var text = Encoding.UTF8.GetBytes(header);
        BinaryPrimitives.WriteInt64LittleEndian(length, text.Length);
        return [.. length, .. text, .. data];
    }

    private sealed class FailingCheckpoint : Checkpoint
    {
        public override string Source => "memory";
        public override IReadOnlyDictionary<string, TensorInfo> Tensors { get; } =
            new Dictionary<string, TensorInfo> { ["a"] = new("a", float32, [1]), ["b"] = new("b", float32, [1]) };

        public override Tensor Read(string name) => name == "a" ? ones(1) : throw Missing(name);
    }
}
