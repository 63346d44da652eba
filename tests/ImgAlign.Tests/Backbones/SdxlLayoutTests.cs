using ImgAlign.Backbones;
using ImgAlign.Checkpoints;
using ImgAlign.Runtime;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Backbones;

/// <summary>SDXL as other tools write it: every layout must give the numbers of the folder as published.</summary>
public sealed class SdxlLayoutTests() : ModelTestBase(new RuntimeOptions { Threads = 1, Precision = Precision.Float32 })
{
    private const string Unet = "model.diffusion_model.",
        Vae = "first_stage_model.",
        Text2 = "conditioner.embedders.1.model.";

    private static readonly string Sdxl = Path.Combine(TestData.Golden, "sdxl");
    private static readonly string Published = Path.Combine(Sdxl, "checkpoint");
    private static readonly ImageSize Size = new(32, 24);

    public static TheoryData<string> Layouts =>
        ["as published", "position ids", "projection as a weight", "state_dict", "ComfyUI's text encoders"];

    [Theory]
    [MemberData(nameof(Layouts))]
    public void A_single_file_of_any_layout_gives_what_the_folder_gives(string layout)
    {
        var path = Single(tensors =>
            layout switch
            {
                "position ids" => tensors.Append(new(Text2 + "transformer.text_model.embeddings.position_ids", arange(77).unsqueeze(0))),
                "projection as a weight" => tensors.Select(pair =>
                    pair.Key == Text2 + "text_projection" ? new(pair.Key + ".weight", pair.Value.t().contiguous()) : pair
                ),
                "state_dict" => tensors.Select(pair => KeyValuePair.Create("state_dict." + pair.Key, pair.Value)),
                "ComfyUI's text encoders" => tensors
                    .Where(pair => !pair.Key.StartsWith("conditioner.", StringComparison.Ordinal))
                    .Concat(Part("text_encoder", "text_encoders.clip_l.transformer."))
                    .Concat(Part("text_encoder_2", "text_encoders.clip_g.transformer.")),
                _ => tensors,
            }
        );
        AssertSame(new SdxlOptions { ModelPath = path, ConfigPath = Published });
    }

    [Theory]
    [InlineData("")]
    [InlineData("model.diffusion_model.")]
    [InlineData("state_dict.module.")]
    public void A_unet_alone_is_read_in_its_original_names(string prefix) =>
        AssertSame(new SdxlOptions { ModelPath = Published, UNetPath = Single(tensors => Behind(tensors, Unet, prefix)) });

    [Fact]
    public void A_single_file_without_a_vae_takes_another_one()
    {
        var model = Single(tensors => tensors.Where(pair => !pair.Key.StartsWith(Vae, StringComparison.Ordinal)));
        var missing = Assert.Throws<CheckpointException>(() =>
            new SdxlBackbone(Runtime, new SdxlOptions { ModelPath = model, ConfigPath = Published })
        );
        Assert.Contains("VaePath", missing.Message, StringComparison.Ordinal);
        string[] vaes =
        [
            Path.Combine(Published, "vae"),
            Published,
            Single(tensors => Behind(tensors, Vae, ""), "vae.safetensors"),
            Path.Combine(Sdxl, "single-file", "sd_xl_base_tiny.safetensors"),
        ];
        foreach (var vae in vaes)
            AssertSame(
                new SdxlOptions
                {
                    ModelPath = model,
                    ConfigPath = Published,
                    VaePath = vae,
                }
            );
    }

    [Fact]
    public void A_tensor_that_is_missing_is_named_as_the_file_names_its_kind()
    {
        var path = Single(tensors =>
            tensors
                .Where(static pair => pair.Key != Unet + "out.2.bias")
                .Select(static pair => KeyValuePair.Create("state_dict." + pair.Key, pair.Value))
        );
        var exception = Assert.Throws<CheckpointException>(() =>
            new SdxlBackbone(Runtime, new SdxlOptions { ModelPath = path, ConfigPath = Published })
        );
        Assert.Equal("state_dict." + Unet + "out.2.bias", exception.TensorName);
    }

    [Fact]
    public void A_file_of_another_model_or_with_two_is_refused()
    {
        var other = Path.Combine(Sdxl, "ckpts", "resampler.pth");
        Assert.Contains(
            "holds no UNet of SDXL",
            Assert
                .Throws<CheckpointException>(() => new SdxlBackbone(Runtime, new SdxlOptions { ModelPath = Published, UNetPath = other }))
                .Message,
            StringComparison.Ordinal
        );
        var twice = Single(tensors => Behind(tensors, Unet, "").Concat(Behind(tensors, Unet, "ema.")));
        Assert.Contains(
            "more than one",
            Assert
                .Throws<CheckpointException>(() => new SdxlBackbone(Runtime, new SdxlOptions { ModelPath = Published, UNetPath = twice }))
                .Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(null)]
    [InlineData("CLIPTextModel")]
    public void The_second_text_encoder_has_its_projection_whatever_its_configuration_names(string? architecture)
    {
        var model = Copy("text_encoder_2");
        var config = File.ReadAllText(Path.Combine(model, "text_encoder_2", "config.json"));
        Folder.Write(
            "model/text_encoder_2/config.json",
            architecture is null
                ? config.Replace("\"architectures\"", "\"other\"", StringComparison.Ordinal)
                : config.Replace("CLIPTextModelWithProjection", architecture, StringComparison.Ordinal)
        );
        AssertSame(new SdxlOptions { ModelPath = model });
    }

    [Theory]
    [InlineData("image_proj.proj.weight", false)]
    [InlineData("image_proj.proj.0.weight", true)]
    public void An_image_prompt_that_is_not_of_the_plus_kind_is_refused(string projection, bool hasResampler)
    {
        var ckpts = Path.Combine(Sdxl, "ckpts");
        Folder.Rewrite(
            "plain.safetensors",
            Path.Combine(ckpts, "ip-adapter-plus_sdxl_vit-h.bin"),
            tensors =>
                tensors
                    .Where(static pair => pair.Key.StartsWith("ip_adapter.", StringComparison.Ordinal))
                    .Append(new(projection, zeros(4, 4)))
        );
        var exception = Assert.Throws<CheckpointException>(() =>
            new SdxlBackbone(
                Runtime,
                new SdxlOptions
                {
                    ModelPath = Published,
                    ImageEncoderPath = Path.Combine(ckpts, "image_encoder"),
                    AdapterPath = Folder.File("plain.safetensors"),
                    ResamplerPath = hasResampler ? Path.Combine(ckpts, "resampler.pth") : null,
                }
            )
        );
        Assert.Contains("plus", exception.Message, StringComparison.Ordinal);
        Assert.Equal((Folder.File("plain.safetensors"), projection), (exception.Path, exception.TensorName));
    }

    // A copy of the published folder by links, but for one part.
    private string Copy(string part)
    {
        Folder.Link(Published, "model", name => name == part);
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Published, part)))
            Folder.Write($"model/{part}/{Path.GetFileName(file)}", File.ReadAllBytes(file));
        return Folder.File("model");
    }

    private string Single(
        Func<IReadOnlyList<KeyValuePair<string, Tensor>>, IEnumerable<KeyValuePair<string, Tensor>>> change,
        string name = "single.safetensors"
    ) => Folder.Rewrite(name, Path.Combine(Sdxl, "single-file", "sd_xl_base_tiny.safetensors"), change);

    private static IEnumerable<KeyValuePair<string, Tensor>> Part(string part, string prefix)
    {
        using var file = Checkpoint.Open(Path.Combine(Published, part));
        return [.. file.Tensors.Keys.Select(name => KeyValuePair.Create(prefix + name, file.Read(name)))];
    }

    private static IEnumerable<KeyValuePair<string, Tensor>> Behind(
        IEnumerable<KeyValuePair<string, Tensor>> tensors,
        string old,
        string prefix
    ) =>
        tensors
            .Where(pair => pair.Key.StartsWith(old, StringComparison.Ordinal))
            .Select(pair => KeyValuePair.Create(prefix + pair.Key[old.Length..], pair.Value));

    private void AssertSame(SdxlOptions options)
    {
        using var scope = NewDisposeScope();
        using var expected = new SdxlBackbone(Runtime, new SdxlOptions { ModelPath = Published });
        using var actual = new SdxlBackbone(Runtime, options);
        var (a, b) = (PooledTextFeatures.Of(expected.EncodeText(["a red cube"])), PooledTextFeatures.Of(actual.EncodeText(["a red cube"])));
        Assert.True(a.Tokens.equal(b.Tokens).all().item<bool>());
        Assert.True(a.Pooled.allclose(b.Pooled, 1e-6, 1e-6));
        Assert.True(expected.Slope(Size, a).allclose(actual.Slope(Size, a), 1e-5, 1e-5));
        Assert.Equal(expected.Decode(zeros(1, 4, 3, 4))[0].Pixels.ToArray(), actual.Decode(zeros(1, 4, 3, 4))[0].Pixels.ToArray());
    }
}
