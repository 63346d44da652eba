using System.Text;
using ImgAlign.Checkpoints;
using ImgAlign.Networks.Flux;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Checkpoints;

/// <summary>Files of 8-bit floating-point weights with scales beside them, and other tools' quantizations.</summary>
public sealed class ScaledCheckpointTests : IDisposable
{
    private static readonly ScalarType Float8 = ElementType.FromName("F8_E4M3")!.Scalar;

    private readonly DisposeScope scope = NewDisposeScope();
    private readonly TemporaryFolder folder = new();

    public void Dispose()
    {
        folder.Dispose();
        scope.Dispose();
    }

    [Theory]
    [InlineData("a.scale_weight", new long[0])]
    [InlineData("a.weight_scale", new long[] { 1 })]
    [InlineData("a.weight_scale", new long[] { 3 })]
    [InlineData("a.scale_weight", new long[] { 3, 1 })]
    public void Weights_are_multiplied_by_their_scales(string name, long[] shape)
    {
        var scale = shape is [3, ..] ? tensor([0.5f, 2, 4]).view(shape) : full(shape, 0.5f);
        using var checkpoint = Open(
            new()
            {
                [name] = scale,
                ["a.scale_input"] = ones(1),
                ["b"] = ones(2),
            },
            marked: true
        );
        Assert.Equal(["a.weight", "b"], checkpoint.Tensors.Keys.Order());
        var expected = Weight().to(float32) * scale.view(-1, 1);
        Assert.Equal(expected.data<float>().ToArray(), checkpoint.Read("a.weight").data<float>().ToArray());
        var (info, stored) = (checkpoint.Tensors["a.weight"], checkpoint.ReadCompact("a.weight"));
        Assert.Equal(("F8_E4M3", 12L, float32), (info.TypeName, info.Bytes, info.Type));
        Assert.Equal((Float8, 3L), (stored.Elements.dtype, stored.Factors!.shape[0]));
        Assert.Equal(expected.data<float>().ToArray(), info.Form!.Expand(stored, float32).data<float>().ToArray());
    }

    [Theory]
    [InlineData("""{"format": "float8_e4m3fn"}""")]
    [InlineData("""{"format": "float8_e5m2", "full_precision_matrix_mult": true}""")]
    public void A_description_that_changes_nothing_is_left_out(string description)
    {
        using var checkpoint = Open(new() { ["a.weight_scale"] = ones(1), ["a.comfy_quant"] = Bytes(description) });
        Assert.Equal(["a.weight"], checkpoint.Tensors.Keys);
    }

    [Theory]
    [InlineData("""{"format": "mxfp8"}""")]
    [InlineData("""{"format": "float8_e4m3fn", "rotation": 64}""")]
    [InlineData("""{"scale": 1}""")]
    [InlineData("[1]")]
    [InlineData("{")]
    public void A_description_of_something_else_is_refused(string description)
    {
        var beside = new Dictionary<string, Tensor> { ["a.weight_scale"] = ones(1), ["a.comfy_quant"] = Bytes(description) };
        Refuses("a.comfy_quant", $"describes a weight as {description}", beside);
    }

    [Fact]
    public void Scales_that_do_not_follow_their_weight_are_refused()
    {
        Refuses("a.weight_scale", "has shape [2] beside a weight of shape [3, 4]", new() { ["a.weight_scale"] = ones(2) });
        Refuses("a.weight_scale", "has shape [3, 2] beside", new() { ["a.weight_scale"] = ones(3, 2) });
        Refuses("a.weight_scale", "is a second scale of 'a.weight'", new() { ["a.weight_scale"] = ones(1), ["a.scale_weight"] = ones(1) });
    }

    [Fact]
    public void A_weight_whose_scale_is_missing_is_refused()
    {
        Refuses("a.weight", "is stored in F8_E4M3 without a scale", [], marked: true);
        Refuses("b.weight", "is stored in F8_E4M3 without a scale", new() { ["a.weight_scale"] = ones(1), ["b.weight"] = Weight() });
    }

    [Fact]
    public void Without_scales_numbers_are_as_they_are()
    {
        using var checkpoint = Open([]);
        Assert.Equal(Weight().to(float32).data<float>().ToArray(), checkpoint.Read("a.weight").to(float32).data<float>().ToArray());
        Assert.Equal((Float8, false), (checkpoint.Tensors["a.weight"].Type, checkpoint.Tensors["a.weight"].IsComputed));
    }

    [Theory]
    [InlineData("double_blocks.0.img_attn.qkv.weight.quant_state.bitsandbytes__nf4", "bitsandbytes' NF4")]
    [InlineData("double_blocks.0.img_attn.qkv.SCB", "bitsandbytes' 8-bit integers")]
    [InlineData("double_blocks.0.img_attn.qkv.qweight", "the packed integers of GPTQ, AWQ or SVDQuant")]
    [InlineData("double_blocks.0.img_attn.qkv.weight_scale_2", "NVFP4")]
    [InlineData("double_blocks.0.img_attn.qkv.weight_scale", "scaled integers")]
    public void Other_quantizations_are_refused_by_their_names(string name, string quantization)
    {
        name = "model.diffusion_model." + name;
        using var checkpoint = Write(new() { ["model.diffusion_model.img_in.weight"] = ones(1), [name] = ones(1) });
        var exception = Assert.Throws<CheckpointException>(() => FluxNames.Find(checkpoint));
        Assert.Equal(name, exception.TensorName);
        Assert.Contains($"a weight in {quantization}, which is not read here; take", exception.Message, StringComparison.Ordinal);
    }

    private static Tensor Weight() => arange(12, float32).view(3, 4).to(Float8);

    private static Tensor Bytes(string text) => tensor(Encoding.UTF8.GetBytes(text), dtype: uint8);

    private void Refuses(string name, string problem, Dictionary<string, Tensor> beside, bool marked = false)
    {
        var exception = Assert.Throws<CheckpointException>(() => Open(beside, marked));
        Assert.Equal(name, exception.TensorName);
        Assert.Contains(problem, exception.Message, StringComparison.Ordinal);
    }

    private Checkpoint Open(Dictionary<string, Tensor> beside, bool marked = false)
    {
        beside.Add("a.weight", Weight());
        if (marked)
            beside.Add("scaled_fp8", empty([0], Float8));
        return Write(beside);
    }

    private Checkpoint Write(Dictionary<string, Tensor> tensors)
    {
        var path = folder.File("x.safetensors");
        SafetensorsWriter.Write(path, tensors);
        return Checkpoint.Open(path);
    }
}
