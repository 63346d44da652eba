using ImgAlign.Checkpoints;
using ImgAlign.Testing.Reference;
using ImgAlign.Tests.Checkpoints;
using ImgAlign.Training;
using ImgAlign.Training.Optimization;
using ImgAlign.Training.Parallel;
using TorchSharp;

namespace ImgAlign.Tests.Training.Parallel;

/// <summary>The optimiser's state in parts (ZeRO, stage 1), and gradients in bfloat16.</summary>
public sealed class ShardingTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Theory]
    [InlineData(2, torch.ScalarType.Float32)]
    [InlineData(3, torch.ScalarType.Float32)]
    [InlineData(4, torch.ScalarType.BFloat16)]
    public void Parts_of_the_state_give_the_weights_of_the_whole(int processes, torch.ScalarType type)
    {
        var whole = Train(processes, Options(), type, folder: null);
        var sharded = Train(processes, Options(options => options.ShardOptimizer = true), type, folder: null);
        foreach (var (expected, actual) in whole.Zip(sharded))
        {
            Assert.Equal(expected.Weights, actual.Weights, Near(1e-6f));
            Assert.Equal(expected.Evaluation, actual.Evaluation, 1e-5);
        }
        Assert.All(sharded, process => Assert.Equal(sharded[0].Weights, process.Weights));
    }

    [Fact]
    public void Processes_begin_with_the_weights_of_the_first()
    {
        var alike = Train(2, Options(), torch.float32, folder: null);
        var different = Train(2, Options(), torch.float32, folder: null, seedOfRank: static rank => 5 + rank);
        Assert.Equal(alike[0].Weights, different[1].Weights);
    }

    [Fact]
    public void A_process_without_a_part_trains_too()
    {
        var options = new TrainerOptions
        {
            Steps = 5,
            BatchSize = 4,
            ShardOptimizer = true,
            MaxGradientNorm = 0.5,
        };
        using var alone = new LineTask();
        using var trainer = new Trainer(alone, options);
        trainer.Run();
        var slopes = InProcessGroup.Run(
            2,
            group =>
            {
                using var task = new LineTask();
                using var parameters = new TrainedParameters(task.Parameters, parts: 2);
                using var shards = new ParameterShards(parameters, group!, isSharded: true);
                Assert.Equal(group!.Rank == 0 ? 1 : 0, shards.Pieces.Count);
                using var own = new Trainer(task, options, group);
                own.Run();
                return task.Slopes;
            }
        );
        Assert.All(slopes, found => Assert.Equal(alone.Slopes, found, Near(1e-5f)));
    }

    [Theory]
    [InlineData(2, 3)]
    [InlineData(3, 1)]
    [InlineData(1, 2)]
    public void A_run_goes_on_with_another_number_of_processes(int before, int after)
    {
        var whole = Train(1, Options(), torch.float32, folder.File("whole"));
        Train(before, Options(options => (options.ShardOptimizer, options.Steps) = (true, 4)), torch.float32, folder.File("parts"));
        var resumed = Train(after, Options(options => options.ShardOptimizer = true), torch.float32, folder.File("parts"));
        Assert.All(resumed, process => Assert.Equal(whole[0].Weights, process.Weights, Near(1e-5f)));
        using var scope = torch.NewDisposeScope();
        foreach (var file in new[] { "weights.safetensors", "weights-average.safetensors", "state.safetensors" })
        {
            using var expected = Checkpoint.Open(Latest("whole", file));
            using var actual = Checkpoint.Open(Latest("parts", file));
            Assert.Equal(expected.Tensors.Keys, actual.Tensors.Keys);
            foreach (var name in expected.Tensors.Keys)
                Assert.True(actual.Read(name).allclose(expected.Read(name), rtol: 1e-4, atol: 1e-5), $"{file}: {name}");
        }
    }

    [Fact]
    public void Gradients_in_bfloat16_are_near_those_in_float32()
    {
        var exact = Train(2, Options(), torch.float32, folder: null);
        foreach (var isSharded in new[] { false, true })
        {
            var rounded = Train(
                2,
                Options(options => (options.ReduceInBFloat16, options.ShardOptimizer) = (true, isSharded)),
                torch.float32,
                folder: null
            );
            Assert.Equal(rounded[0].Weights, rounded[1].Weights);
            Assert.NotEqual(exact[0].Weights, rounded[0].Weights);
            Assert.Equal(exact[0].Weights, rounded[0].Weights, Near(5e-2f));
        }
    }

    [Fact]
    public void Each_process_keeps_its_part_of_the_state()
    {
        var kept = InProcessGroup.Run(
            4,
            group =>
            {
                using var task = new LayersTask();
                using var parameters = new TrainedParameters(task.Parameters, parts: 4);
                using var shards = new ParameterShards(parameters, group!, isSharded: true);
                using var optimizer = new AdamW(shards.Weights, shards.Gradients, new AdamWOptions());
                return Enumerable.Range(0, optimizer.Count).Sum(index => optimizer.Square(index).numel());
            }
        );
        Assert.Equal(37 * 11 + 37 + 37 * 3, kept.Sum());
        Assert.InRange(kept.Max(), 1, 192);
    }

    public void Dispose() => folder.Dispose();

    private static Func<float, float, bool> Near(float tolerance) => (x, y) => Math.Abs(x - y) <= tolerance;

    private static TrainerOptions Options(Action<TrainerOptions>? change = null)
    {
        var options = new TrainerOptions
        {
            Steps = 8,
            BatchSize = 12,
            LearningRate = 1e-2,
            AverageDecay = 0.9,
            MaxGradientNorm = 0.5,
            EvaluateEvery = 4,
        };
        change?.Invoke(options);
        return options;
    }

    private static IReadOnlyList<(float[] Weights, double Evaluation)> Train(
        int processes,
        TrainerOptions options,
        torch.ScalarType type,
        string? folder,
        Func<int, int>? seedOfRank = null
    )
    {
        var results = InProcessGroup.Run(
            processes,
            group =>
            {
                using var task = new LayersTask(seedOfRank?.Invoke(group?.Rank ?? 0) ?? 5, type);
                using var trainer = new Trainer(task, options, group);
                var result = trainer.Run(folder, resume: true);
                return (task.Weights, result.Evaluation.GetValueOrDefault("sum"));
            }
        );
        return results;
    }

    private string Latest(string name, string file) =>
        folder.File(Path.Combine(name, "checkpoints", File.ReadAllText(folder.File(Path.Combine(name, "latest"))), file));
}
