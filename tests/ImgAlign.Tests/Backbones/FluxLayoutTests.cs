using ImgAlign.Backbones;
using ImgAlign.Checkpoints;
using ImgAlign.Runtime;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Backbones;

/// <summary>FLUX.1 as other tools write it.</summary>
public sealed class FluxLayoutTests : ModelTestBase
{
    private static readonly string Model = Path.Combine(TestData.Golden, "flux", "FLUX.1-dev");
    private static readonly ImageSize Size = new(48, 32);

    [Theory]
    [InlineData("flux1-dev.safetensors", "model.diffusion_model.", "scale")]
    [InlineData("flux1-dev.safetensors", "", "weight")]
    [InlineData("flux1-dev.safetensors", "net.", "weight")]
    [InlineData("transformer", "transformer.", "")]
    [InlineData("transformer", "", "")]
    public void A_transformer_is_read_behind_any_prefix_and_with_either_name_of_its_norms(string source, string prefix, string norm)
    {
        using var scope = NewDisposeScope();
        var path = Save(
            "flux.safetensors",
            source,
            name =>
                prefix
                + (norm == "weight" && name.EndsWith("_norm.scale", StringComparison.Ordinal) ? name[..^"scale".Length] + norm : name)
        );
        Assert.Equal(0, Difference(new FluxOptions { ModelPath = Model, TransformerPath = path }), 1e-5);
    }

    [Fact]
    public void One_file_may_hold_transformer_and_vae()
    {
        using var scope = NewDisposeScope();
        using var transformer = Checkpoint.Open(Path.Combine(Model, "flux1-dev.safetensors"));
        using var vae = Checkpoint.Open(Path.Combine(Model, "ae.safetensors"));
        var path = Folder.File("all.safetensors");
        SafetensorsWriter.Write(
            path,
            transformer
                .Tensors.Keys.ToDictionary(name => "model.diffusion_model." + name, transformer.Read)
                .Concat(vae.Tensors.Keys.ToDictionary(name => "vae." + name, vae.Read))
                .ToDictionary()
        );
        Assert.Equal(
            0,
            Difference(
                new FluxOptions
                {
                    ModelPath = Model,
                    TransformerPath = path,
                    VaePath = path,
                }
            ),
            1e-5
        );
    }

    [Fact]
    public void A_tensor_that_is_missing_is_named_as_the_file_names_its_kind()
    {
        var path = Save(
            "flux.safetensors",
            "flux1-dev.safetensors",
            static name => name == "txt_in.bias" ? null : "model.diffusion_model." + name
        );
        var exception = Assert.Throws<CheckpointException>(() =>
            new FluxBackbone(Runtime, new FluxOptions { ModelPath = Model, TransformerPath = path })
        );
        Assert.Equal("model.diffusion_model.txt_in.bias", exception.TensorName);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_schnell_folder_has_its_own_schedule_and_no_guidance(bool hasScheduler)
    {
        Folder.Link(
            Model,
            isLeftOut: static name => name is not ("text_encoder" or "text_encoder_2" or "tokenizer" or "tokenizer_2" or "vae")
        );
        Save(
            "flux1-schnell.safetensors",
            "flux1-dev.safetensors",
            static name => name.StartsWith("guidance_in.", StringComparison.Ordinal) ? null : name
        );
        if (hasScheduler)
            Folder.Write(
                "scheduler/scheduler_config.json",
                """{"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 1.0, "use_dynamic_shifting": false}"""
            );
        using var backbone = new FluxBackbone(Runtime, new FluxOptions { ModelPath = Folder.Path });
        Assert.Equal(
            [1, 0.75f, 0.5f, 0.25f],
            backbone.CreateSchedule(backbone.Settings() with { Steps = 4 }, Size).Levels.Select(static level => (float)level.Noise)
        );
        Assert.Equal((4, 0.0), (backbone.Info.DefaultSteps, backbone.Info.DefaultGuidance));
        backbone.Slope(Size).Dispose();
    }

    private float Difference(FluxOptions options)
    {
        using var expected = new FluxBackbone(Runtime, new FluxOptions { ModelPath = Model });
        using var actual = new FluxBackbone(Runtime, options);
        return (expected.Slope(Size) - actual.Slope(Size)).abs().max().item<float>();
    }

    private string Save(string name, string source, Func<string, string?> rename) =>
        Folder.Rewrite(
            name,
            Path.Combine(Model, source),
            tensors =>
                tensors.Where(pair => rename(pair.Key) is not null).Select(pair => KeyValuePair.Create(rename(pair.Key)!, pair.Value))
        );
}
