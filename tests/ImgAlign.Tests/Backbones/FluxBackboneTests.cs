using ImgAlign.Backbones;
using ImgAlign.Checkpoints;
using ImgAlign.Runtime;
using ImgAlign.Sampling;
using ImgAlign.Testing;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Backbones;

public sealed class FluxBackboneTests : ModelTestBase
{
    private static readonly string Model = Path.Combine(TestData.Golden, "flux", "FLUX.1-dev");
    private static readonly ImageSize Size = new(48, 32);

    [Theory]
    [InlineData(ResidencyPolicy.KeepAll)]
    [InlineData(ResidencyPolicy.LoadOnDemand)]
    [InlineData(ResidencyPolicy.StreamBlocks)]
    public void Conforms(ResidencyPolicy policy)
    {
        using var own = new DeviceRuntime(new RuntimeOptions { Residency = policy });
        using var backbone = new FluxBackbone(own, Published());
        Assert.Empty(BackboneConformance.Check(backbone, Size));
    }

    [Theory]
    [InlineData(WeightStorage.Int8, 0.03)]
    [InlineData(WeightStorage.Float8, 0.15)]
    public void Weights_in_8_bits_change_little(WeightStorage storage, double tolerance)
    {
        using var scope = NewDisposeScope();
        using var exact = new FluxBackbone(Runtime, Published());
        using var compact = new FluxBackbone(
            Runtime,
            Published(options => (options.Storage, options.TextEncoderStorage) = (storage, storage))
        );
        var (expected, actual) = (Slope(exact), Slope(compact));
        Assert.InRange((actual - expected).norm().item<float>(), 1e-6, tolerance * expected.norm().item<float>());
        Assert.True(
            compact.EstimateStages(new Workload { Size = Size }).Sum(stage => stage.WeightBytes)
                < 0.7 * exact.EstimateStages(new Workload { Size = Size }).Sum(stage => stage.WeightBytes)
        );
    }

    [Fact]
    public void A_step_cache_skips_what_its_threshold_allows()
    {
        using var scope = NewDisposeScope();
        using var plain = new FluxBackbone(Runtime, Published());
        using var never = new FluxBackbone(Runtime, Published(options => options.StepCacheThreshold = 0));
        using var often = new FluxBackbone(Runtime, Published(options => options.StepCacheThreshold = 1));
        var expected = Generate(plain);
        Assert.True(expected.equal(Generate(never)).all().item<bool>());
        Assert.False(expected.equal(Generate(often)).all().item<bool>());

        Tensor Generate(FluxBackbone backbone)
        {
            using var text = backbone.EncodeText(["a red cube"]);
            using var conditioning = backbone.Condition(text, null, 0, Size, backbone.Settings());
            using var noise = new TorchNoise(0);
            var schedule = backbone.CreateSchedule(backbone.Settings() with { Steps = 6 }, Size);
            return Samplers.Euler.Sample(
                backbone.Noise(Size, 1),
                schedule,
                (x, _, level) => schedule.ToData(backbone.Predict(x, level, conditioning), x, level),
                noise
            );
        }
    }

    [Fact]
    public void A_step_cache_decides_on_each_picture_of_a_batch_by_itself()
    {
        using var scope = NewDisposeScope();
        using var plain = new FluxBackbone(Runtime, Published());
        using var cached = new FluxBackbone(Runtime, Published(options => options.StepCacheThreshold = 0.01));
        // The first picture is nearly the same in both steps, the second is another one.
        var noise = cat([plain.Noise(Size, 1), plain.Noise(Size, 2)]);
        Tensor[] steps = [noise, cat([noise.narrow(0, 0, 1).Times(1.05), plain.Noise(Size, 3)])];
        var together = Second(cached, steps);
        var exact = Second(plain, steps);
        Assert.True(exact[1].allclose(together[1], 1e-4, 1e-5));
        Assert.False(exact[0].allclose(together[0], 1e-4, 1e-5));
        for (var item = 0; item < 2; item++)
            Assert.True(Second(cached, [.. steps.Select(step => step.narrow(0, item, 1))])[0].allclose(together[item], 1e-4, 1e-5));

        static Tensor Second(FluxBackbone backbone, IReadOnlyList<Tensor> steps)
        {
            using var text = backbone.EncodeText([.. Enumerable.Repeat("a red cube", (int)steps[0].shape[0])]);
            using var conditioning = backbone.Condition(text, null, 0, Size, backbone.Settings());
            var level = backbone.CreateSchedule(backbone.Settings() with { Steps = 6 }, Size).Levels[0];
            Tensor[] slopes = [.. steps.Select(step => backbone.Predict(step, level, conditioning))];
            return slopes[^1];
        }
    }

    [Fact]
    public void Streaming_its_blocks_changes_nothing()
    {
        using var scope = NewDisposeScope();
        using var streaming = new DeviceRuntime(new RuntimeOptions { Threads = 1, Residency = ResidencyPolicy.StreamBlocks });
        using var kept = new FluxBackbone(Runtime, Published());
        using var streamed = new FluxBackbone(streaming, Published());
        Assert.True(Slope(kept).equal(Slope(streamed)).all().item<bool>());
    }

    [Fact]
    public void Runs_in_bfloat16_close_to_float32()
    {
        using var half = new DeviceRuntime(new RuntimeOptions { Precision = Precision.BFloat16 });
        using var scope = NewDisposeScope();
        using var exact = new FluxBackbone(Runtime, Published());
        using var rough = new FluxBackbone(half, Published());
        var (expected, actual) = (Slope(exact), Slope(rough));
        Assert.Equal(float32, actual.dtype);
        Assert.InRange((actual - expected).abs().mean().item<float>(), 1e-6, 0.05 * expected.abs().mean().item<float>());
        Assert.Single(rough.Decode(actual));
    }

    [Fact]
    public void A_folder_with_the_authors_files_alone_gives_the_same()
    {
        using var scope = NewDisposeScope();
        Folder.Link(
            Model,
            isLeftOut: static name =>
                name is not ("text_encoder" or "text_encoder_2" or "tokenizer" or "tokenizer_2" or "flux1-dev.safetensors")
        );
        Folder.Write("vae/config.json", File.ReadAllText(Path.Combine(Model, "vae", "config.json")));

        using var expected = new FluxBackbone(Runtime, Published());
        // Sizes come from the file's shapes.
        using var actual = new FluxBackbone(
            Runtime,
            new FluxOptions { ModelPath = Folder.Path, VaePath = Path.Combine(Model, "ae.safetensors") }
        );
        Assert.Equal(0, (Slope(expected, withImagePrompt: false) - Slope(actual, withImagePrompt: false)).abs().max().item<float>(), 1e-5);
        Assert.Equal(expected.Decode(zeros(1, 16, 4, 6))[0].Pixels.ToArray(), actual.Decode(zeros(1, 16, 4, 6))[0].Pixels.ToArray());
    }

    [Fact]
    public void No_prompt_is_the_empty_prompt()
    {
        using var backbone = new FluxBackbone(Runtime, Published());
        using var text = PooledTextFeatures.Of(backbone.EncodeText([null, "", "a cat"]));
        Assert.Equal([3L, 512, 48], text.Tokens.shape);
        using var sums = text.Pooled.sum(1);
        var values = sums.data<float>().ToArray();
        Assert.True(values[0] == values[1] && values[1] != values[2]);
    }

    [Fact]
    public void Distilled_guidance_and_the_count_of_tokens_matter()
    {
        using var scope = NewDisposeScope();
        using var backbone = new FluxBackbone(Runtime, Published());
        using var standard = new FluxBackbone(Runtime, Published(options => options.ScheduleTokens = FlowTokenCount.Standard));
        Assert.False(Slope(backbone).equal(Slope(backbone, guidance: 7)).all().item<bool>());
        Assert.True(Second(backbone) < Second(standard));

        static double Second(FluxBackbone flux) => flux.CreateSchedule(flux.Settings() with { Steps = 4 }, new(1024, 1024)).Levels[1].Noise;
    }

    [Theory]
    [InlineData("text_encoder", "text_model.encoder.layers.0.self_attn.q_proj", "lora_te1_")]
    [InlineData("text_encoder", "text_model.encoder.layers.0.self_attn.q_proj", "text_encoders.clip_l.transformer.")]
    [InlineData("text_encoder_2", "encoder.block.0.layer.0.SelfAttention.q", "lora_te3_")]
    [InlineData("text_encoder_2", "encoder.block.0.layer.0.SelfAttention.q", "text_encoders.t5xxl.transformer.")]
    public void A_lora_changes_either_text_encoder(string part, string layer, string prefix)
    {
        using var scope = NewDisposeScope();
        using var weights = Checkpoint.Open(Path.Combine(Model, part));
        var shape = weights.Tensors[layer + ".weight"].Shape;
        var name = prefix + (prefix.EndsWith('_') ? layer.Replace('.', '_') : layer);
        SafetensorsWriter.Write(
            Folder.File("lora.safetensors"),
            new Dictionary<string, Tensor>
            {
                [name + ".lora_down.weight"] = ones(1, shape[1]),
                [name + ".lora_up.weight"] = ones(shape[0], 1),
            }
        );
        using var plain = new FluxBackbone(Runtime, Published());
        using var changed = new FluxBackbone(
            Runtime,
            Published(options => options.Loras.Add(new LoraOptions { Path = Folder.File("lora.safetensors") }))
        );
        using var before = PooledTextFeatures.Of(plain.EncodeText(["a red cube"]));
        using var after = PooledTextFeatures.Of(changed.EncodeText(["a red cube"]));
        Assert.Equal(part == "text_encoder_2", (before.Tokens - after.Tokens).abs().max().item<float>() > 0);
        Assert.Equal(part == "text_encoder", (before.Pooled - after.Pooled).abs().max().item<float>() > 0);
    }

    [Fact]
    public void What_is_missing_or_does_not_fit_is_named()
    {
        Assert.Contains(
            "transformer",
            Assert.Throws<ImgAlignException>(() => new FluxBackbone(Runtime, new FluxOptions { ModelPath = Folder.Path })).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "image encoder",
            Assert
                .Throws<ImgAlignException>(() =>
                    new FluxBackbone(
                        Runtime,
                        Published(options => options.ImageEncoderPath = Path.Combine(TestData.Golden, "mllm", "clip-vit-large-patch14-336"))
                    )
                )
                .Message,
            StringComparison.Ordinal
        );

        using var backbone = new FluxBackbone(Runtime, new FluxOptions { ModelPath = Model });
        Assert.Null(backbone.ImagePrompt);
        using var text = backbone.EncodeText(["a red cube"]);
        using var tokens = ones(1, 4, 48);
        Assert.Contains(
            "ImagePromptPath",
            Assert.Throws<ArgumentException>(() => backbone.Condition(text, tokens, 1, Size, backbone.Settings())).Message,
            StringComparison.Ordinal
        );
        Assert.Equal(new ImageSize(48, 32), ((IDiffusionBackbone)backbone).NearestSize(new(41, 32)));
    }

    private static FluxOptions Published(Action<FluxOptions>? configure = null)
    {
        var options = new FluxOptions { ModelPath = Model, ImagePromptPath = Path.Combine(TestData.Golden, "flux", "flux-ip-adapter") };
        configure?.Invoke(options);
        return options;
    }

    private static Tensor Slope(FluxBackbone backbone, bool withImagePrompt = true, double guidance = 3.5)
    {
        using var scope = NewDisposeScope();
        return backbone
            .Slope(Size, imagePrompt: withImagePrompt ? ones(1, 4, 48) : null, settings: backbone.Settings() with { Guidance = guidance })
            .MoveToOuterDisposeScope();
    }
}
