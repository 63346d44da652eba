using ImgAlign.Imaging;
using ImgAlign.Networks.Llama;
using ImgAlign.Networks.Qwen;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Networks.Qwen;

public class QwenModelTests
{
    private static readonly PatchGrid[] Grids = [new(4, 6), new(8, 2)];

    [Fact]
    public void Decoding_behind_images_equals_reading_everything_again()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var network = TinyQwen.Create();
        var images = TinyQwen.Patches(Grids);
        var ids = TinyQwen.Ids(Grids);
        long[] answer = [9, 10, 11];
        var expected = network.call(cat([ids, tensor(answer).unsqueeze(0)], 1), images);

        using var cache = new KeyValueCache(TinyQwen.Config.Text.NumHiddenLayers);
        var parts = new List<Tensor> { network.Run(ids, images, cache) };
        parts.AddRange(
            answer.Select(id => network.LanguageModel.Model.Run(network.LanguageModel.Model.Embed(tensor([id], [1, 1])), cache))
        );
        Assert.True(cat([.. parts], 1).allclose(expected, rtol: 1e-4, atol: 1e-5));
    }

    [Fact]
    public void A_batch_equals_its_rows()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var network = TinyQwen.Create();
        var images = TinyQwen.Patches(new PatchGrid(4, 6), new PatchGrid(6, 4));
        Tensor[] ids = [TinyQwen.Ids(images.Grids[0]), TinyQwen.Ids(images.Grids[1])];
        var rows = ids.Select((row, i) => network.call(row, new ImagePatches(images.Values.narrow(0, 24 * i, 24), [images.Grids[i]])));
        Assert.True(network.call(cat(ids), images).allclose(cat([.. rows]), rtol: 1e-4, atol: 1e-5));
    }

    [Fact]
    public void Positions_count_rows_and_columns_of_images()
    {
        using var ids = TinyQwen.Ids(new PatchGrid(4, 6));
        var tokens = QwenTokens.Read(ids, [new PatchGrid(4, 6)], TinyQwen.Config);
        Assert.Equal([0, 1, 2, 3, 3, 3, 3, 3, 3, 6, 7], tokens.Positions[..11]);
        Assert.Equal([0, 1, 2, 3, 3, 3, 4, 4, 4, 6, 7], tokens.Positions[11..22]);
        Assert.Equal([0, 1, 2, 3, 4, 5, 3, 4, 5, 6, 7], tokens.Positions[22..]);
        Assert.Equal([-3], tokens.Deltas);
    }

    [Fact]
    public void Images_must_have_their_places()
    {
        using var scope = NewDisposeScope();
        using var network = TinyQwen.Create();
        var (one, two) = (TinyQwen.Ids(Grids[0]), TinyQwen.Ids(Grids));
        Assert.Throws<ArgumentException>(() => network.call(one, null));
        Assert.Throws<ArgumentException>(() => network.call(two, TinyQwen.Patches(Grids[0])));
        Assert.Throws<ArgumentException>(() => network.call(one, TinyQwen.Patches(Grids)));
        Assert.Throws<ArgumentException>(() => network.call(one, TinyQwen.Patches(new PatchGrid(4, 8))));
        Assert.Contains(
            "in a row",
            Assert.Throws<ArgumentException>(() => network.call(two, TinyQwen.Patches(Grids[1], Grids[0]))).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "5000",
            Assert.Throws<ArgumentException>(() => network.call(tensor([5000L], [1, 1]), null)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_pass_leaves_nothing_but_its_result()
    {
        using var noGrad = no_grad();
        using var network = TinyQwen.Create();
        using var images = TinyQwen.Patches(Grids);
        using var ids = TinyQwen.Ids(Grids);
        var live = LiveTensors.Count();
        using (network.call(ids, images))
            Assert.Equal(live + 1, Tensor.TotalCount);
        Assert.Throws<ArgumentException>(() => network.call(ids, null));
        Assert.Equal(live, Tensor.TotalCount);
    }
}
