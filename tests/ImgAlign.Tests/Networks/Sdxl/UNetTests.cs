using System.Text.Json;
using ImgAlign.Networks.Sdxl;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Networks.Sdxl;

public sealed class UNetTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();
    private readonly SdxlUNetConfig config;
    private readonly UNet2DConditionModel network;
    private readonly ImagePromptAdapter adapter;
    private readonly Tensor text = randn(2, 7, 12);
    private readonly Tensor pooled = randn(2, 8);
    private readonly Tensor timeIds = tensor([64f, 48, 0, 8, 64, 48, 128, 96, 4, 0, 64, 48], [2, 6]);
    private readonly Tensor imageTokens = randn(2, 4, 12);
    private readonly Tensor sample = randn(2, 4, 8, 12);
    private readonly Tensor timesteps = tensor([981f, 41f]);

    public UNetTests()
    {
        config = TinyUNet.Config();
        network = TinyUNet.Create(config);
        adapter = TinyUNet.CreateAdapter(config);
    }

    [Theory]
    [InlineData("sdxl-unet")]
    [InlineData("sdxl-dpo-unet")]
    public void Published_names_and_shapes(string manifest)
    {
        var (published, shapes) = ReadManifest(manifest);
        using var full = new UNet2DConditionModel(SdxlUNetConfig.FromJson(published, manifest), META);
        Assert.Equal(shapes, ShapesOf(full));
    }

    [Fact]
    public void Published_names_and_shapes_of_the_image_prompt_adapter()
    {
        var (published, _) = ReadManifest("sdxl-unet");
        var (layers, shapes) = ReadManifest("ip-adapter-plus-sdxl-vit-h");
        using var full = new ImagePromptAdapter(SdxlUNetConfig.FromJson(published, "sdxl-unet"), META);
        Assert.Equal(shapes.Where(pair => pair.Key.StartsWith("ip_adapter.", StringComparison.Ordinal)), ShapesOf(full, "ip_adapter."));

        // The file's number of an attention is that of the attention it belongs to.
        using var unet = new UNet2DConditionModel(SdxlUNetConfig.FromJson(published, "sdxl-unet"), META);
        var paths = unet.named_modules().ToDictionary(pair => pair.module, pair => pair.name);
        Assert.Equal(
            layers.GetProperty("layers").EnumerateObject().Select(pair => pair.Value.GetString()),
            unet.CrossAttentions.Select(attention => paths[attention])
        );
    }

    [Fact]
    public void A_scale_of_zero_is_no_image_prompt()
    {
        using var noGrad = no_grad();
        var without = Run();
        Assert.True(without.equal(Run(scale: 0)).all().item<bool>());
        Assert.False(without.allclose(Run(scale: 1)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_batch_equals_its_items(bool linearProjection)
    {
        using var noGrad = no_grad();
        using var other = TinyUNet.Create(TinyUNet.Config($"\"use_linear_projection\": {(linearProjection ? "true" : "false")}"));
        using var both = other.Prepare(text, pooled, timeIds, adapter, imageTokens, 0.5);
        var batch = other.call(sample, timesteps, both);
        for (var i = 0; i < 2; i++)
        {
            var item = i..(i + 1);
            using var one = other.Prepare(text[item], pooled[item], timeIds[item], adapter, imageTokens[item], 0.5);
            Assert.True(batch[item].allclose(other.call(sample[item], timesteps[i], one), rtol: 1e-3, atol: 1e-4));
        }
    }

    [Theory]
    [InlineData(5, 7)]
    [InlineData(16, 4)]
    [InlineData(1, 1)]
    public void Any_size(int height, int width)
    {
        using var noGrad = no_grad();
        using var conditioning = network.Prepare(text, pooled, timeIds);
        Assert.Equal([2, 4, height, width], network.call(randn(2, 4, height, width), timesteps, conditioning).shape);
    }

    [Theory]
    [InlineData("\"mid_block_type\": \"UNetMidBlock2D\"", "\"layers_per_block\": [1, 2, 2]")]
    [InlineData(
        "\"transformer_layers_per_block\": [0, [2, 1], 1]",
        "\"reverse_transformer_layers_per_block\": [[0, 2, 1], [1, 1, 2], 0]",
        "\"layers_per_block\": 2"
    )]
    [InlineData(
        "\"attention_head_dim\": 2",
        "\"flip_sin_to_cos\": false",
        "\"freq_shift\": 1",
        "\"down_block_types\": [\"CrossAttnDownBlock2D\", \"DownBlock2D\", \"DownBlock2D\"]"
    )]
    public void Other_layouts_run(params string[] changes)
    {
        using var noGrad = no_grad();
        using var other = TinyUNet.Create(TinyUNet.Config(changes));
        using var conditioning = other.Prepare(text, pooled, timeIds);
        Assert.True(other.call(sample, timesteps, conditioning).isfinite().all().item<bool>());
    }

    [Fact]
    public void Nothing_stays_behind()
    {
        using var noGrad = no_grad();
        var live = LiveTensors.Count();
        using (var conditioning = network.Prepare(text, pooled, timeIds, adapter, imageTokens, 0.5))
        {
            var prepared = LiveTensors.Count();
            network.call(sample, timesteps, conditioning).Dispose();
            Assert.Equal(prepared, Tensor.TotalCount);
            Assert.Throws<ArgumentException>(() => network.call(timesteps, timesteps, conditioning));
            Assert.Equal(prepared, Tensor.TotalCount);
        }
        Assert.Equal(live, Tensor.TotalCount);
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        Assert.Contains(
            "[2, any, 12]",
            Assert.Throws<ArgumentException>(() => network.Prepare(sample, pooled, timeIds)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "textEmbeds",
            Assert.Throws<ArgumentException>(() => network.Prepare(text, text, timeIds)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "finite",
            Assert.Throws<ArgumentException>(() => network.Prepare(text, pooled, timeIds, adapter, imageTokens, double.NaN)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "both",
            Assert.Throws<ArgumentException>(() => network.Prepare(text, pooled, timeIds, adapter)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void The_adapter_can_be_trained()
    {
        foreach (var parameter in adapter.parameters())
            parameter.requires_grad = true;
        using var conditioning = network.Prepare(text, pooled, timeIds, adapter, imageTokens, 0.5);
        network.call(sample, timesteps, conditioning).square().mean().backward();
        Assert.All(adapter.parameters(), parameter => Assert.NotEqual(0, parameter.grad!.abs().max().item<float>()));
    }

    public void Dispose()
    {
        network.Dispose();
        adapter.Dispose();
        scope.Dispose();
    }

    private Tensor Run(double? scale = null)
    {
        using var conditioning = scale is { } value
            ? network.Prepare(text, pooled, timeIds, adapter, imageTokens, value)
            : network.Prepare(text, pooled, timeIds);
        return network.call(sample, timesteps, conditioning);
    }

    private static SortedDictionary<string, string> ShapesOf(nn.Module module, string prefix = "") =>
        new(
            module.named_parameters().ToDictionary(pair => prefix + pair.name, pair => string.Join('x', pair.parameter.shape)),
            StringComparer.Ordinal
        );

    private static (JsonElement Config, SortedDictionary<string, string> Shapes) ReadManifest(string name)
    {
        var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(TestData.Golden, "manifest", name + ".json"))).RootElement;
        var shapes = json.GetProperty("tensors")
            .EnumerateObject()
            .ToDictionary(pair => pair.Name, pair => string.Join('x', pair.Value.EnumerateArray()));
        return (json.GetProperty("config"), new(shapes, StringComparer.Ordinal));
    }
}
