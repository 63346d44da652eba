using BenchmarkDotNet.Attributes;
using ImgAlign.Benchmarks.Comparing;
using TorchSharp;

namespace ImgAlign.Benchmarks.Measured;

/// <summary>Each full-size network against its reference graph.</summary>
public class NetworkBenchmarks : IDisposable
{
    private Duel? duel;

    /// <summary>All comparisons.</summary>
    public static IEnumerable<string> Networks => Comparison.All.Select(comparison => comparison.Name);

    /// <summary>The comparison's name.</summary>
    [ParamsSource(nameof(Networks))]
    public string Network { get; set; } = "";

    /// <summary>The type of weights and inputs.</summary>
    [Params(torch.ScalarType.Float32, torch.ScalarType.BFloat16)]
    public torch.ScalarType Type { get; set; }

    /// <summary>Builds both sides.</summary>
    [GlobalSetup]
    public void Setup() =>
        duel = new Duel(
            Comparison.All.Single(comparison => comparison.Name == Network),
            Path.Combine(AppContext.BaseDirectory, "graphs"),
            Type
        );

    /// <summary>Frees both sides.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        duel?.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>The reference graph.</summary>
    [Benchmark(Baseline = true)]
    public void Reference() => Run(duel!.Reference.Run);

    /// <summary>Our network.</summary>
    [Benchmark]
    public void Ours() => Run(duel!.Ours.Run);

    private static void Run(Func<torch.Tensor> contender)
    {
        using var noGrad = torch.no_grad();
        contender().Dispose();
    }
}
