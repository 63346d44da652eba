using ImgAlign.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Checkpoints;

public sealed class ModelFolderTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private void WriteShard(string name, params string[] tensors)
    {
        using var scope = NewDisposeScope();
        Directory.CreateDirectory(Path.GetDirectoryName(folder.File(name))!);
        SafetensorsWriter.Write(folder.File(name), tensors.ToDictionary(tensor => tensor, _ => ones(2)));
    }

    [Fact]
    public void Resolves_the_hubs_cache()
    {
        const string Model = "models--org--name";
        WriteShard(Model + "/snapshots/abc/unet/diffusion_pytorch_model.safetensors", "w");
        Assert.Equal(folder.File(Model + "/snapshots/abc"), ModelFolder.Resolve(folder.File(Model)));
        WriteShard(Model + "/snapshots/def/model.safetensors", "w");
        Assert.Throws<CheckpointException>(() => ModelFolder.Resolve(folder.File(Model)));
        folder.Write(Model + "/refs/main", "def\n");
        Assert.Equal(folder.File(Model + "/snapshots/def"), ModelFolder.Resolve(folder.File(Model)));
        using (var checkpoint = Checkpoint.Open(folder.File(Model)))
            Assert.Equal(["w"], checkpoint.Tensors.Keys);
        folder.Write(Model + "/refs/main", "../../elsewhere");
        Assert.Throws<CheckpointException>(() => ModelFolder.Resolve(folder.File(Model)));
        folder.Write(Model + "/refs/main", "ghi");
        Assert.Contains(
            "ghi",
            Assert.Throws<CheckpointException>(() => ModelFolder.Resolve(folder.File(Model))).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(
        "diffusion_pytorch_model.safetensors",
        "diffusion_pytorch_model.safetensors",
        "diffusion_pytorch_model.fp16.safetensors",
        "diffusion_pytorch_model.bin"
    )]
    [InlineData("diffusion_pytorch_model.fp16.safetensors", "diffusion_pytorch_model.fp16.safetensors", "diffusion_pytorch_model.bin")]
    [InlineData("model.safetensors.index.json", "model.safetensors.index.json", "model-00001-of-00002.safetensors", "pytorch_model.bin")]
    [InlineData(
        "diffusion_pytorch_model.safetensors.index.fp16.json",
        "diffusion_pytorch_model.safetensors.index.fp16.json",
        "diffusion_pytorch_model-00001-of-00002.fp16.safetensors"
    )]
    [InlineData("aligner.pth", "aligner.pth", "config.json")]
    public void Finds_the_published_file(string expected, params string[] files)
    {
        foreach (var file in files)
            folder.Write(file, "");
        Assert.Equal(folder.File(expected), ModelFolder.FindWeights(folder.Path));
    }

    [Fact]
    public void Says_when_there_is_no_or_no_single_checkpoint()
    {
        Assert.Contains(
            "no checkpoint",
            Assert.Throws<CheckpointException>(() => Checkpoint.Open(folder.Path)).Message,
            StringComparison.Ordinal
        );
        folder.Write("a.pth", "");
        folder.Write("b.pth", "");
        Assert.Contains(
            "a.pth, b.pth",
            Assert.Throws<CheckpointException>(() => Checkpoint.Open(folder.Path)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "no such",
            Assert.Throws<CheckpointException>(() => Checkpoint.Open(folder.File("c.pth"))).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Reads_shards_and_names_the_file_of_a_tensor()
    {
        WriteShard("1.safetensors", "a", "extra");
        WriteShard("2.safetensors", "b");
        var index = folder.Write(
            "model.safetensors.index.json",
            """{"metadata":{"total_size":24},"weight_map":{"a":"1.safetensors","b":"2.safetensors"}}"""
        );
        using var scope = NewDisposeScope();
        using var checkpoint = Checkpoint.Open(folder.Path);
        Assert.Equal(["a", "extra", "b"], checkpoint.Tensors.Keys);
        Assert.Equal(folder.File("2.safetensors"), checkpoint.FileOf("b"));
        Assert.Equal(index, checkpoint.Source);
        Assert.Equal(2, checkpoint.Read("b").sum().item<float>());
    }

    [Theory]
    [InlineData("""{"weight_map":{"a":"1.safetensors","b":"3.safetensors"}}""", "3.safetensors' is missing")]
    [InlineData("""{"weight_map":{"a":"1.safetensors","c":"1.safetensors"}}""", "tensor 'c'")]
    [InlineData("""{"weight_map":{"a":"../1.safetensors"}}""", "beside their index")]
    [InlineData("""{"weight_map":{"a":"/etc/passwd"}}""", "beside their index")]
    [InlineData("""{"weight_map":{"a":".."}}""", "beside their index")]
    [InlineData("""{"weight_map":{"a":"model.safetensors.index.json"}}""", "not a checkpoint")]
    [InlineData("""{"weight_map":{"a":1}}""", "the shard of 'a'")]
    [InlineData("""{"weight_map":{}}""", "weight_map")]
    [InlineData("""{"weight_map":""", "index of shards")]
    [InlineData("[]", "index of shards")]
    [InlineData("", "index of shards")]
    public void Refuses_broken_indexes(string index, string problem)
    {
        var before = LiveTensors.Count();
        WriteShard("1.safetensors", "a");
        folder.Write("model.safetensors.index.json", index);
        Assert.Contains(problem, Assert.Throws<CheckpointException>(() => Checkpoint.Open(folder.Path)).Message, StringComparison.Ordinal);
        Assert.Equal(before, Tensor.TotalCount);
    }
}
