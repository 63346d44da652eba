using ImgAlign.Testing.Reference;
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
        foreach (var parameter in task.Parameters.Values)
            parameter.requires_grad = true;
        // The reference differs, so that every metric says something.
        using (no_grad())
        {
            foreach (var parameter in task.Parameters.Values)
                parameter.add_(rand_like(parameter), 0.1);
        }
        SampleDraw[] batch = [.. Enumerable.Range(0, 7).Select(index => new SampleDraw(index, index, index))];
        var together = task.ComputeLoss(batch);
        var alone = batch.Select(sample => task.ComputeLoss([sample])).ToList();
        foreach (var (name, value) in together.Metrics)
            Assert.Equal(alone.Average(loss => loss.Metrics[name].item<float>()), value.item<float>(), 1e-5);

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
    public void Recomputed_activations_give_the_same_losses_and_gradients()
    {
        var (kept, recomputed) = (Train(false), Train(true));
        Assert.Equal(kept.Loss, recomputed.Loss, 1e-6);
        Assert.All(kept.Gradients.Zip(recomputed.Gradients), pair => Assert.True(pair.First.allclose(pair.Second, rtol: 1e-4, atol: 1e-6)));

        (double Loss, List<Tensor> Gradients) Train(bool recomputes)
        {
            using var network = RandomPairs.Aligner();
            network.RecomputesActivations = recomputes;
            using var task = new AlignerTask(network, new RandomPairs(6), new PreferenceObjective());
            foreach (var parameter in task.Parameters.Values)
                parameter.requires_grad = true;
            var loss = task.ComputeLoss([.. Enumerable.Range(0, 6).Select(index => new SampleDraw(index, index, index))]).Total;
            loss.backward();
            return (loss.item<float>(), [.. task.Parameters.Values.Select(parameter => parameter.grad!.clone())]);
        }
    }

    [Fact]
    public void Results_keep_the_order_of_the_pairs()
    {
        var pairs = new RandomPairs(8);
        var batch = new AlignerBatch(
            [.. Enumerable.Range(0, 8).Select(index => pairs.Read(new SampleDraw(index, index, index)))],
            CPU,
            float32
        );
        var calls = 0;
        var mapped = batch.Map(
            (hiddenStates, rejected) =>
            {
                calls++;
                return rejected * hiddenStates.shape[1];
            }
        );
        Assert.Equal(3, calls);
        foreach (var index in Enumerable.Range(0, 8))
            Assert.True(mapped[index].equal(batch.Rejected[index] * (2 + index % 3)).all().item<bool>());
    }

    [Fact]
    public void Held_out_pairs_are_measured_and_not_trained_on()
    {
        using var network = RandomPairs.Aligner();
        var pairs = new RandomPairs(16) { Broken = { 13 } };
        using var task = new AlignerTask(network, pairs, new PreferenceObjective(), heldOut: 11);
        Assert.Equal(5, task.SampleCount);
        using var trainer = new Trainer(
            task,
            new TrainerOptions
            {
                Steps = 4,
                BatchSize = 2,
                EvaluateEvery = 2,
            }
        );
        var (kinds, before) = (new List<int>(), LiveTensors.Count());
        var result = trainer.Run(progress: new Evaluations(progress => kinds.Add(progress.Evaluation?.Count ?? 0)));
        Assert.InRange(LiveTensors.Count() - before, 0, 3);
        Assert.Equal([0, 10, 0, 10], kinds);
        Assert.Equal(10, result.Evaluation["samples"]);
        Assert.Equal(8, pairs.Seen.Count(sample => sample.Index < 5));
        Assert.Equal(
            Enumerable.Range(5, 11).Where(index => index != 13),
            pairs.Seen.Where(sample => sample.Index >= 5).Select(sample => sample.Index).Distinct().Order()
        );

        using var noGrad = no_grad();
        var errors = Enumerable
            .Range(5, 11)
            .Where(index => index != 13)
            .Select(index => Errors(pairs.Read(new SampleDraw(index, index, index))))
            .ToList();
        foreach (var (index, name) in new[] { "error_identity", "error_1_pass", "error_3_passes" }.Index())
            Assert.Equal(errors.Average(error => error[index]), result.Evaluation[name], 1e-5);
        foreach (var (index, name) in new[] { "better_1_pass", "better_3_passes" }.Index())
            Assert.Equal(errors.Count(error => error[index + 1] < error[0]) / 10.0, result.Evaluation[name], 1e-6);
        Assert.Equal(result.Evaluation["base"], result.Evaluation["error_1_pass"], 1e-6);
        Assert.Equal(result.Evaluation["base"] + result.Evaluation["pref"], result.Evaluation["loss"], 1e-5);

        double[] Errors(PreferenceFeatures pair)
        {
            var (h, rejected) = (pair.HiddenStates.unsqueeze(0), pair.Rejected.unsqueeze(0));
            var one = network.call(h, rejected);
            return
            [
                .. new[] { rejected, one, network.call(h, network.call(h, one)) }.Select(f =>
                    (double)(pair.Preferred - f).square().mean().item<float>()
                ),
            ];
        }
    }

    [Fact]
    public void An_untrained_aligner_is_measured_as_doing_nothing()
    {
        using var network = RandomPairs.Aligner();
        AlignerTask.Randomize(network, seed: 1);
        using var task = new AlignerTask(network, new RandomPairs(6), new PreferenceObjective(), heldOut: 3);
        using var noGrad = no_grad();
        var measured = task.Evaluate(CancellationToken.None);
        Assert.Equal(measured["error_identity"], measured["error_1_pass"]);
        Assert.Equal(measured["error_identity"], measured["error_3_passes"]);
        Assert.Equal(0, measured["better_3_passes"]);

        using var hopeless = new AlignerTask(network, new RandomPairs(3) { Broken = { 2 } }, new PreferenceObjective(), heldOut: 1);
        Assert.Contains(
            "pair 2 is broken",
            Assert.Throws<ImgAlignException>(() => hopeless.Evaluate(CancellationToken.None)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Processes_begin_with_the_reference_of_the_first()
    {
        var (alike, different) = (Train(static _ => 1), Train(static rank => 1 + rank));
        Assert.Equal(0, different["distance"]);
        Assert.Equal(alike, different);

        // Two processes, whose weights are drawn by the seed of each.
        static IReadOnlyDictionary<string, double> Train(Func<int, int> seedOfRank) =>
            InProcessGroup.Run(
                2,
                group =>
                {
                    using var network = RandomPairs.Aligner(seedOfRank(group!.Rank));
                    using var task = new AlignerTask(network, new RandomPairs(4), new PreferenceObjective());
                    using var trainer = new Trainer(task, new TrainerOptions { Steps = 1, BatchSize = 4 }, group);
                    return trainer.Run().Metrics;
                }
            )[0];
    }

    public void Dispose() => scope.Dispose();

    private sealed class Evaluations(Action<TrainingProgress> report) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => report(value);
    }
}
