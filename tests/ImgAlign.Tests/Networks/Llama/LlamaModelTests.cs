using ImgAlign.Checkpoints;
using ImgAlign.Networks.Llama;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Networks.Llama;

public class LlamaModelTests
{
    [Theory]
    [InlineData(4)]
    [InlineData(2)]
    [InlineData(1)]
    public void Decoding_with_a_cache_equals_reading_everything_again(int keyValueHeads)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var network = TinyLlama.Create(TinyLlama.Config with { NumKeyValueHeads = keyValueHeads });
        var embeddings = network.Model.Embed(TinyLlama.Ids(2, 10));
        var expected = network.Model.Run(embeddings);

        using var cache = new KeyValueCache(TinyLlama.Config.NumHiddenLayers);
        var parts = new List<Tensor> { network.Model.Run(embeddings[.., ..6], cache) };
        for (var position = 6; position < 10; position++)
            parts.Add(network.Model.Run(embeddings[.., position..(position + 1)], cache));

        Assert.True(cat([.. parts], 1).allclose(expected, rtol: 1e-5, atol: 1e-5));
        Assert.Equal(10, cache.Length);
    }

    [Fact]
    public void A_cache_grows_in_steps_and_keeps_what_it_holds()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var network = TinyLlama.Create(TinyLlama.Config with { MaxPositionEmbeddings = 600 });
        var embeddings = network.Model.Embed(TinyLlama.Ids(1, 260));
        var expected = network.Model.Run(embeddings);

        using var cache = new KeyValueCache(TinyLlama.Config.NumHiddenLayers);
        network.Model.Run(embeddings[.., ..250], cache);
        var last = Enumerable
            .Range(250, 10)
            .Select(position => network.Model.Run(embeddings[.., position..(position + 1)], cache))
            .ToArray();

        Assert.Equal([256, 512], new[] { 250L, 260 }.Select(KeyValueCache.CapacityFor));
        Assert.True(cat(last, 1).allclose(expected[.., 250..], rtol: 1e-5, atol: 1e-5));
    }

    [Fact]
    public void A_batch_equals_its_items()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var network = TinyLlama.Create(TinyLlama.Config);
        var ids = TinyLlama.Ids(3, 8);
        var batch = network.Model.Run(network.Model.Embed(ids));
        var items = cat([.. Enumerable.Range(0, 3).Select(row => network.Model.Run(network.Model.Embed(ids[row..(row + 1)])))], 0);
        Assert.True(batch.allclose(items, rtol: 1e-5, atol: 1e-5));
    }

    [Fact]
    public void A_position_sees_nothing_behind_it()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var network = TinyLlama.Create(TinyLlama.Config);
        var embeddings = network.Model.Embed(TinyLlama.Ids(1, 9));
        Assert.True(network.Model.Run(embeddings)[.., ..5].allclose(network.Model.Run(embeddings[.., ..5]), rtol: 1e-5, atol: 1e-5));
    }

    [Fact]
    public void Every_parameter_gets_a_gradient()
    {
        using var scope = NewDisposeScope();
        using var network = TinyLlama.Create(TinyLlama.Config);
        var parameters = ModuleParameters.Enumerate(network).ToList();
        foreach (var (_, _, _, parameter) in parameters)
            parameter.requires_grad = true;
        network.call(network.Model.Embed(TinyLlama.Ids(2, 6))).square().sum().backward();
        Assert.All(parameters, parameter => Assert.True(parameter.Value.grad!.abs().sum().item<float>() > 0, parameter.Path));
    }

    [Fact]
    public void A_sequence_beyond_the_models_length_is_refused()
    {
        using var scope = NewDisposeScope();
        using var network = TinyLlama.Create(TinyLlama.Config);
        var embeddings = zeros(1, 33, TinyLlama.Config.HiddenSize);
        var live = LiveTensors.Count();
        var exception = Assert.Throws<InvalidRequestException>(() => network.Model.Run(embeddings));
        Assert.Contains("33 tokens", exception.Message, StringComparison.Ordinal);
        Assert.Equal(live, Tensor.TotalCount);
    }

    [Fact]
    public void A_tied_head_is_the_embedding()
    {
        using var scope = NewDisposeScope();
        using var network = TinyLlama.Create(TinyLlama.Config with { TieWordEmbeddings = true });
        Assert.DoesNotContain(network.named_parameters(), pair => pair.name.StartsWith("lm_head", StringComparison.Ordinal));
        Assert.Equal([1L, 4, TinyLlama.Config.VocabSize], network.call(network.Model.Embed(TinyLlama.Ids(1, 4))).shape);
    }

    [Fact]
    public void A_pass_leaves_nothing_but_its_result()
    {
        using var noGrad = no_grad();
        using var network = TinyLlama.Create(TinyLlama.Config);
        using var ids = TinyLlama.Ids(1, 6);
        var live = LiveTensors.Count();
        using (var embeddings = network.Model.Embed(ids))
        using (network.Model.Run(embeddings))
            Assert.Equal(live + 2, Tensor.TotalCount);
        Assert.Equal(live, Tensor.TotalCount);
    }
}
