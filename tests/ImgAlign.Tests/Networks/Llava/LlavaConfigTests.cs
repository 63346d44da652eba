using ImgAlign.Networks.Llava;

namespace ImgAlign.Tests.Networks.Llava;

public sealed class LlavaConfigTests : IDisposable
{
    private const string Authors = """
        {"mm_projector_type": "mlp2x_gelu", "mm_vision_tower": "openai/clip-vit-large-patch14-336",
         "image_aspect_ratio": "pad", "eos_token_id": 2
        """;
    private const string Transformers = """{"text_config": {"model_type": "llama"}, "vision_config": {"model_type": "clip_vision_model"}""";

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("imgalign-llava");

    [Fact]
    public void The_authors_layout_names_its_tower()
    {
        var config = Read(Authors + "}");
        Assert.Equal(
            (336, 24, 23, 576, "pad"),
            (config.Vision.ImageSize, config.Vision.NumHiddenLayers, config.VisionBlocks, config.ImageTokens, config.ImageAspectRatio)
        );
        Assert.Equal([2], config.StopTokens);
    }

    [Fact]
    public void Stop_tokens_of_the_generation_come_first()
    {
        File.WriteAllText(Path.Combine(folder.FullName, "generation_config.json"), """{"eos_token_id": [2, 13]}""");
        Assert.Equal([2, 13], Read(Authors + "}").StopTokens.Order());
    }

    [Fact]
    public void The_class_token_and_other_layers_can_be_features()
    {
        var config = Read(Transformers + """, "vision_feature_select_strategy": "full", "vision_feature_layer": -1}""");
        Assert.Equal((config.Vision.NumHiddenLayers, config.Vision.Patches + 1), (config.VisionBlocks, config.ImageTokens));
    }

    [Theory]
    [InlineData(Authors + """, "mm_projector_type": "linear"}""", "mm_projector_type 'linear'")]
    [InlineData(Authors + """, "mm_use_im_start_end": true}""", "mm_use_im_start_end")]
    [InlineData(Authors + """, "mm_vision_tower": "another/tower"}""", "'another/tower'")]
    [InlineData(Authors + """, "mm_vision_select_layer": -30}""", "-30")]
    [InlineData("""{"text_config": {"model_type": "mistral"}}""", "'mistral'")]
    [InlineData("""{"text_config": {"model_type": "llama"}, "vision_config": {"model_type": "siglip"}}""", "'siglip'")]
    [InlineData(Transformers + """, "projector_hidden_act": "mish"}""", "'mish'")]
    public void What_is_not_supported_is_named(string json, string expected) =>
        Assert.Contains(expected, Assert.Throws<ImgAlignException>(() => Read(json)).Message, StringComparison.Ordinal);

    public void Dispose() => folder.Delete(recursive: true);

    private LlavaConfig Read(string json)
    {
        File.WriteAllText(Path.Combine(folder.FullName, "config.json"), json);
        return LlavaConfig.Read(folder.FullName);
    }
}
