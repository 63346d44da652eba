using ImgAlign.Backbones;
using ImgAlign.Checkpoints;
using ImgAlign.Runtime;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Backbones;

/// <summary>FLUX.1 transformers of fewer than 16 bits: what they compute, and how large they are in memory.</summary>
public sealed class FluxQuantizedTests : ModelTestBase
{
    private static readonly string Files = Path.Combine(TestData.Golden, "quantized", "files");
    private static readonly string[] Parts = ["text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2", "vae"];
    private static readonly ImageSize Size = new(48, 32);

    public static TheoryData<string> Names => new(Directory.GetFiles(Files).Select(static path => Path.GetFileName(path)));

    public FluxQuantizedTests() =>
        Folder.Link(Path.Combine(TestData.Golden, "flux", "FLUX.1-dev"), isLeftOut: static name => !Parts.Contains(name));

    [Theory]
    [MemberData(nameof(Names))]
    public void As_stored_is_the_default_small_and_computes_the_same(string name)
    {
        using var scope = NewDisposeScope();
        using var expanded = Open(Runtime, name, WeightStorage.None);
        var options = new FluxOptions { ModelPath = Folder.Path, TransformerPath = Path.Combine(Files, name) };
        using var stored = new FluxBackbone(Runtime, options);
        Assert.True(expanded.Slope(Size).equal(stored.Slope(Size)).all().item<bool>());

        using var file = Checkpoint.Open(Path.Combine(Files, name));
        var (large, small) = (Transformer(expanded).WeightBytes, Transformer(stored).WeightBytes);
        Assert.Equal(file.Tensors.Values.Sum(static info => info.Count) * 4, large);
        var saved = file
            .Tensors.Values.Where(static info => info.Form is not null)
            .Sum(static info => (info.Count * 4) - info.Bytes - (info.Form!.HasFactors ? 4 * info.Shape[0] : 0));
        Assert.Equal(large - saved, small);
    }

    [Theory]
    [InlineData(ResidencyPolicy.LoadOnDemand)]
    [InlineData(ResidencyPolicy.StreamBlocks)]
    public void Policies_change_nothing(ResidencyPolicy policy)
    {
        using var own = new DeviceRuntime(new RuntimeOptions { Threads = 1, Residency = policy });
        using var scope = NewDisposeScope();
        using var kept = Open(Runtime, "flux1-dev-Q8_0.gguf");
        using var changed = Open(own, "flux1-dev-Q8_0.gguf");
        Assert.True(kept.Slope(Size).equal(changed.Slope(Size)).all().item<bool>());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_lora_changes_a_quantized_layer(string name)
    {
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(
            Folder.File("lora.safetensors"),
            new Dictionary<string, Tensor>
            {
                ["transformer.transformer_blocks.0.attn.to_q.lora_A.weight"] = ones(1, 64) * 0.1,
                ["transformer.transformer_blocks.0.attn.to_q.lora_B.weight"] = ones(64, 1),
            }
        );
        using var plain = Open(Runtime, name);
        using var expanded = Open(Runtime, name, WeightStorage.None, "lora.safetensors");
        using var stored = Open(Runtime, name, WeightStorage.AsStored, "lora.safetensors");
        var changed = stored.Slope(Size);
        Assert.True(changed.equal(expanded.Slope(Size)).all().item<bool>());
        Assert.False(changed.equal(plain.Slope(Size)).all().item<bool>());
        // The layers that are packed with the changed one are kept like it.
        Assert.InRange(Transformer(stored).WeightBytes, Transformer(plain).WeightBytes + 1, Transformer(expanded).WeightBytes - 1);
    }

    [Fact]
    public void Quantized_weights_can_be_brought_into_8_bits()
    {
        using var scope = NewDisposeScope();
        using var expanded = Open(Runtime, "flux1-dev-Q8_0.gguf", WeightStorage.None);
        using var compact = Open(Runtime, "flux1-dev-Q8_0.gguf", WeightStorage.Int8);
        var expected = expanded.Slope(Size);
        Assert.InRange((compact.Slope(Size) - expected).norm().item<float>(), 1e-6, 0.03 * expected.norm().item<float>());
    }

    [Fact]
    public void A_folder_may_have_one_gguf_file_in_place_of_the_transformer()
    {
        using var scope = NewDisposeScope();
        var options = new FluxOptions { ModelPath = Folder.Path };
        Folder.Write("flux1-dev-Q8_0.gguf", File.ReadAllBytes(Path.Combine(Files, "flux1-dev-Q8_0.gguf")));
        using var found = new FluxBackbone(Runtime, options);
        using var named = Open(Runtime, "flux1-dev-Q8_0.gguf");
        Assert.True(found.Slope(Size).equal(named.Slope(Size)).all().item<bool>());

        Folder.Write("flux1-dev-Q4_0.gguf", File.ReadAllBytes(Path.Combine(Files, "flux1-dev-Q4_0-Q5_1.gguf")));
        var exception = Assert.Throws<ImgAlignException>(() => new FluxBackbone(Runtime, options));
        Assert.Contains(
            "several files *.gguf; set TransformerPath (--transformer) to the one",
            exception.Message,
            StringComparison.Ordinal
        );
    }

    private static StageFootprint Transformer(FluxBackbone backbone) =>
        Assert.Single(backbone.EstimateStages(new Workload { Size = Size }), static stage => stage.Name == "FLUX transformer");

    private FluxBackbone Open(DeviceRuntime runtime, string name, WeightStorage storage = WeightStorage.AsStored, string? lora = null)
    {
        var options = new FluxOptions
        {
            ModelPath = Folder.Path,
            TransformerPath = Path.Combine(Files, name),
            Storage = storage,
        };
        if (lora is not null)
            options.Loras.Add(new LoraOptions { Path = Folder.File(lora) });
        return new FluxBackbone(runtime, options);
    }
}
