using ImgAlign.Training;
using ImgAlign.Training.Aligner;
using ImgAlign.Training.Preference;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Training;

public sealed class AlignerTaskTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    [Fact]
    public void Questions_of_several_lengths_give_what_each_gives_alone()
    {
        using var network = RandomPairs.Aligner();
        using var task = new AlignerTask(network, new RandomPairs(7), new PreferenceObjective());
        foreach (var parameter in task.Parameters.Values) parameter.requires_grad = true;
        // The reference differs, so that every metric says something.
        using (no_grad())
        {
            foreach (var parameter in task.Parameters.Values) parameter.add_(rand_like(parameter), 0.1);
        }
        SampleDraw[] batch = [.. Enumerable.Range(0, 7).Select(index => new SampleDraw(index, index, index))];
        var together = task.ComputeLoss(batch);
        var alone = batch.Select(sample => task.ComputeLoss([sample])).ToList();
        foreach (var (name, value) in together.Metrics) Assert.Equal(alone.Average(loss => loss.Metrics[name].item<float>()), value.item<float>(), 1e-5);

        var gradients = Gradients(together.Total);
        var mean = Gradients(stack(alone.Select(loss => loss.Total)).mean());
        Assert.All(gradients.Zip(mean), pair => Assert.True(pair.First.allclose(pair.Second, rtol: 1e-4, atol: 1e-6)));

        List<Tensor> Gradients(Tensor loss)
        {
            network.zero_grad();
            loss.backward();
            return [.. task.Parameters.Values.Select(parameter => parameter.grad!.clone())];
        }
    }

    [Fact]
    public void Results_keep_the_order_of_the_pairs()
    {
        var pairs = new RandomPairs(8);
        var batch = new AlignerBatch([.. Enumerable.Range(0, 8).Select(index => pairs.Read(new SampleDraw(index, index, index)))], CPU, float32);
        var calls = 0;
        var mapped = batch.Map((hiddenStates, rejected) =>
        {
            calls++;
            return rejected * hiddenStates.shape[1];
        });
        Assert.Equal(3, calls);
        foreach (var index in Enumerable.Range(0, 8)) Assert.True(mapped[index].equal(batch.Rejected[index] * (2 + index % 3)).all().item<bool>());
    }

    public void Dispose() => scope.Dispose();
}
