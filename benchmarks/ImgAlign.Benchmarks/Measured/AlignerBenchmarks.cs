using BenchmarkDotNet.Attributes;
using ImgAlign.Checkpoints;
using ImgAlign.Networks.Aligner;
using ImgAlign.Networks.Perceiver;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Benchmarks.Measured;

/// <summary>
/// The Implicit Aligner for SDXL on LLaVA-1.5-13B's hidden states: what depends on them alone is computed once, so three passes cost little
/// more than one.
/// </summary>
public class AlignerBenchmarks : IDisposable
{
    private const int Positions = 608;
    private const int ImageTokens = 16;

    private static readonly PerceiverConfig Config = new(
        InputWidth: 5120,
        Width: 2048,
        OutputWidth: 2048,
        Depth: 4,
        Heads: 20,
        HeadWidth: 64,
        FeedForwardWidth: 8192
    );

    private readonly AlignerNetwork network = new(Config, torch.META);
    private readonly torch.Tensor h = torch.randn(1, Positions, Config.InputWidth);
    private readonly torch.Tensor z = torch.randn(1, ImageTokens, Config.Width);

    /// <summary>Gives the network weights.</summary>
    [GlobalSetup]
    public void Setup()
    {
        using var weights = new RuleCheckpoint(
            1,
            network.named_parameters().Select(pair => KeyValuePair.Create(pair.name, pair.parameter.shape))
        );
        CheckpointBinder.Bind(network, weights, WeightMap.Identity);
    }

    /// <summary>Frees everything.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        network.Dispose();
        h.Dispose();
        z.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>One pass.</summary>
    [Benchmark(Baseline = true)]
    public void OnePass() => Run(1);

    /// <summary>Three passes, as in the paper.</summary>
    [Benchmark]
    public void ThreePasses() => Run(3);

    private void Run(int passes)
    {
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        using var context = network.Prepare(h);
        var aligned = z;
        for (var pass = 0; pass < passes; pass++)
            aligned = network.Pass(context, aligned);
    }
}
