using ImgAlign.Networks.Llava;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Networks.Llava;

public sealed class LlavaModelTests : IDisposable
{
    private static readonly string Folder = Path.Combine(TestData.Golden, "mllm", "llava-hf");

    private readonly DisposeScope scope = NewDisposeScope();
    private readonly LlavaModel network = Load();

    private Tensor OnePicture { get; } = rand(1, 3, 56, 56);

    [Fact]
    public void An_image_is_one_marker_or_all_of_its_positions()
    {
        using var noGrad = no_grad();
        var marked = network.call(Ids(1, LlavaTokens.Image, 7, 8), OnePicture);
        var counted = network.call(
            Ids([1, .. Enumerable.Repeat(network.Config.ImageTokenIndex, network.Config.ImageTokens), 7, 8]),
            OnePicture
        );
        Assert.Equal([1L, network.Config.ImageTokens + 3, network.Config.Text.HiddenSize], marked.shape);
        Assert.True(marked.equal(counted).all().item<bool>());
    }

    [Fact]
    public void A_batch_equals_its_items()
    {
        using var noGrad = no_grad();
        var pixels = rand(2, 3, 56, 56);
        var batch = network.call(tensor([1L, LlavaTokens.Image, 7, 1, 9, LlavaTokens.Image], [2, 3]), pixels);
        var items = cat(
            [network.call(Ids(1, LlavaTokens.Image, 7), pixels[..1]), network.call(Ids(1, 9, LlavaTokens.Image), pixels[1..])],
            0
        );
        Assert.True(batch.allclose(items, rtol: 1e-4, atol: 1e-5));
    }

    [Fact]
    public void Images_and_their_places_must_agree_in_number()
    {
        var live = LiveTensors.Count();
        using (var text = Ids(1, 7))
        using (var image = Ids(1, LlavaTokens.Image))
        {
            Assert.Contains(
                "1 images are given",
                Assert.Throws<ArgumentException>(() => network.call(text, OnePicture)).Message,
                StringComparison.Ordinal
            );
            Assert.Contains(
                "0 images are given",
                Assert.Throws<ArgumentException>(() => network.call(image, null)).Message,
                StringComparison.Ordinal
            );
        }
        Assert.Equal(live, Tensor.TotalCount);
    }

    [Fact]
    public void A_row_without_an_image_is_filled_up_behind_its_end()
    {
        using var noGrad = no_grad();
        var ids = tensor([1L, LlavaTokens.Image, 7, 1, 9, 7], [2, 3]);
        var batch = network.call(ids, OnePicture);
        Assert.Equal([2L, network.Config.ImageTokens + 2, network.Config.Text.HiddenSize], batch.shape);
        Assert.True(batch[..1].allclose(network.call(ids[..1], OnePicture), rtol: 1e-4, atol: 1e-5));
        Assert.True(batch[1.., ..3].allclose(network.call(ids[1..], null), rtol: 1e-4, atol: 1e-5));
    }

    [Fact]
    public void Labels_go_where_their_tokens_go()
    {
        var tokens = LlavaTokens.Expand(tensor([1L, LlavaTokens.Image, 7, 1, 9, 7], [2, 3]), network.Config);
        var labels = tokens.Spread(tensor([-100L, -100, 7, -100, 9, 7], [2, 3]), -100);
        long[] filler = [.. Enumerable.Repeat(-100L, network.Config.ImageTokens)];
        Assert.Equal([-100, .. filler, 7, -100, 9, 7, .. filler[1..]], labels.data<long>().ToArray());
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1536)]
    public void A_token_outside_the_vocabulary_is_refused(int id) =>
        Assert.Contains(
            $"Token {id}",
            Assert.Throws<ArgumentException>(() => network.call(Ids(1, id), null)).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void A_prompt_beyond_the_models_length_is_refused()
    {
        var ids = Ids([LlavaTokens.Image, .. Enumerable.Repeat(7, 4090)]);
        Assert.Contains(
            "4106 tokens",
            Assert.Throws<InvalidRequestException>(() => network.call(ids, OnePicture)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_pass_leaves_nothing_but_its_result()
    {
        using var noGrad = no_grad();
        var (ids, pixels) = (Ids(1, LlavaTokens.Image, 7), OnePicture);
        var live = LiveTensors.Count();
        using (network.call(ids, pixels))
            Assert.Equal(live + 1, Tensor.TotalCount);
        Assert.Equal(live, Tensor.TotalCount);
    }

    public void Dispose()
    {
        network.Dispose();
        scope.Dispose();
    }

    private static Tensor Ids(params int[] ids) => tensor(ids.Select(id => (long)id).ToArray(), [1, ids.Length]);

    private static LlavaModel Load()
    {
        var network = new LlavaModel(LlavaConfig.Read(Folder), META);
        LlavaWeights.Bind(network, Folder, null, float32);
        return network;
    }
}
