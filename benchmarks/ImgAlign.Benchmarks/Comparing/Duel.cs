using System.Diagnostics;
using TorchSharp;

namespace ImgAlign.Benchmarks.Comparing;

/// <summary>Both sides of a comparison in one process, on the very same weights and inputs.</summary>
internal sealed class Duel : IDisposable
{
    private readonly SharedWeights weights;
    private readonly Dictionary<string, torch.Tensor> inputs;

    public Duel(Comparison comparison, string graphFolder, torch.ScalarType type)
    {
        var graph = new ReferenceGraph(graphFolder, comparison.Name);
        weights = new SharedWeights(graph.Parameters, type);
        inputs = graph.CreateInputs(type);
        Reference = graph.Bind(weights, inputs);
        Ours = comparison.Create(weights, inputs);
    }

    public IContender Ours { get; }

    public IContender Reference { get; }

    /// <summary>How far apart the two results are.</summary>
    /// <returns>The largest difference, and the largest value of the reference.</returns>
    public (double Difference, double Magnitude) Compare()
    {
        using var scope = torch.NewDisposeScope();
        var ours = Ours.Run().to(torch.float64);
        var reference = Reference.Run().to(torch.float64);
        return ((ours - reference).abs().max().item<double>(), reference.abs().max().item<double>());
    }

    /// <summary>Runs the contestants in turn, so that what else the machine does meets all of them alike.</summary>
    /// <param name="rounds">How often each is run.</param>
    /// <param name="contestants">What is timed.</param>
    /// <returns>A sample for each contestant.</returns>
    public static Sample[] Time(int rounds, params Func<torch.Tensor>[] contestants)
    {
        var times = contestants.Select(_ => new List<RunTime>()).ToArray();
        for (var round = 0; round < rounds; round++)
        {
            for (var i = 0; i < contestants.Length; i++)
            {
                var turn = (round + i) % contestants.Length;  // nobody is always first
                var (watch, processor) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
                using var result = contestants[turn]();
                times[turn].Add(new(watch.Elapsed, Environment.CpuUsage.TotalTime - processor));
            }
        }
        return [.. times.Select(runs => new Sample(runs))];
    }

    public void Dispose()
    {
        Ours.Dispose();
        Reference.Dispose();
        foreach (var input in inputs.Values) input.Dispose();
        weights.Dispose();
    }
}
