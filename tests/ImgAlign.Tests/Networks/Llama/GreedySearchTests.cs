using ImgAlign.Networks.Llama;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Networks.Llama;

public class GreedySearchTests
{
    private static IReadOnlyList<int> Answer(
        LlamaForCausalLM network,
        Tensor prompt,
        int maxNewTokens,
        Func<IReadOnlyList<int>, bool> isComplete,
        CancellationToken cancellationToken = default
    )
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var cache = new KeyValueCache(network.Model.Config.NumHiddenLayers);
        return GreedySearch.Continue(network, network.Model.Run(prompt, cache), cache, maxNewTokens, isComplete, cancellationToken);
    }

    [Fact]
    public void Chooses_what_reading_everything_again_would()
    {
        using var scope = NewDisposeScope();
        using var network = TinyLlama.Create(TinyLlama.Config);
        var prompt = network.Model.Embed(TinyLlama.Ids(1, 5));

        var expected = new List<int>();
        var sequence = prompt;
        for (var i = 0; i < 8; i++)
        {
            expected.Add((int)network.call(sequence)[.., ^1].argmax(-1).item<long>());
            sequence = cat([sequence, network.Model.Embed(tensor([(long)expected[^1]], [1, 1]))], 1);
        }

        Assert.Equal(expected, Answer(network, prompt, 8, _ => false));
    }

    [Fact]
    public void Ends_with_a_stop_token()
    {
        using var scope = NewDisposeScope();
        using var network = TinyLlama.Create(TinyLlama.Config);
        var prompt = network.Model.Embed(TinyLlama.Ids(1, 5));
        var all = Answer(network, prompt, 8, _ => false);
        var stop = all[3];
        var tokens = Answer(network, prompt, 8, found => found[^1] == stop);
        Assert.Equal(all.Take(all.ToList().IndexOf(stop) + 1), tokens);
    }

    [Fact]
    public void Ends_where_the_models_longest_sequence_ends()
    {
        using var scope = NewDisposeScope();
        using var network = TinyLlama.Create(TinyLlama.Config);
        // The last token is chosen after reading all 32 positions, and is not read itself.
        Assert.Equal(3, Answer(network, network.Model.Embed(TinyLlama.Ids(1, 30)), 100, _ => false).Count);
    }

    [Fact]
    public void Leaves_no_tensors_behind_when_done_or_cancelled()
    {
        using var network = TinyLlama.Create(TinyLlama.Config);
        using var ids = TinyLlama.Ids(1, 5);
        using var prompt = network.Model.Embed(ids);
        var live = LiveTensors.Count();
        Answer(network, prompt, 4, _ => false);
        Assert.Equal(live, Tensor.TotalCount);
        Assert.Throws<OperationCanceledException>(() => Answer(network, prompt, 4, _ => false, new CancellationToken(canceled: true)));
        Assert.Equal(live, Tensor.TotalCount);
    }
}
