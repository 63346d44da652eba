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

    /// <summary>The reference's result in float32, to hold results in narrower types against.</summary>
    /// <param name="comparison">The network.</param>
    /// <param name="graphFolder">Where the graphs are.</param>
    /// <returns>In float64, the caller's.</returns>
    public static torch.Tensor Exact(Comparison comparison, string graphFolder)
    {
        using var scope = torch.NewDisposeScope();
        using var duel = new Duel(comparison, graphFolder, torch.float32);
        return duel.Reference.Run().to(torch.float64).MoveToOuterDisposeScope();
    }

    /// <summary>How far apart the two results are.</summary>
    /// <param name="exact">What both are held against as well; null where the reference itself is the measure.</param>
    public Difference Compare(torch.Tensor? exact)
    {
        using var scope = torch.NewDisposeScope();
        var ours = Ours.Run().to(torch.float64);
        var reference = Reference.Run().to(torch.float64);
        return new(
            Largest(ours - reference),
            Largest(reference),
            exact is null ? null : Largest(ours - exact),
            exact is null ? null : Largest(reference - exact)
        );

        static double Largest(torch.Tensor x) => x.abs().max().item<double>();
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
                var turn = (round + i) % contestants.Length; // nobody is always first
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
        foreach (var input in inputs.Values)
            input.Dispose();
        weights.Dispose();
    }
}
