using BenchmarkDotNet.Attributes;
using ImgAlign.DependencyInjection;
using ImgAlign.Runtime;
using ImgAlign.ShapeWorld;
using Microsoft.Extensions.DependencyInjection;

namespace ImgAlign.Benchmarks.Measured;

/// <summary>The embedded ShapeWorld, as <c>imgalign align</c> runs it: a picture may take 1.5 s on two cores, and a whole round 4
/// s.</summary>
public class ShapeWorldBenchmarks
{
    private const string Prompt = "a red circle left of a blue square";

    private ServiceProvider services = null!;
    private IAlignmentPipeline pipeline = null!;
    private IGenerationPipeline generation = null!;

    /// <summary>Threads to compute with; the tool takes one.</summary>
    [Params(1, 2)]
    public int Threads { get; set; }

    /// <summary>Loads the models.</summary>
    [GlobalSetup]
    public async Task Setup()
    {
        var collection = new ServiceCollection();
        collection.AddImplicitMultimodalGuidance(options => options.Threads = Threads).UseShapeWorld();
        services = collection.BuildServiceProvider();
        pipeline = services.GetRequiredService<IAlignmentPipeline>();
        generation = services.GetRequiredService<IGenerationPipeline>();
        await services.GetRequiredService<DeviceRuntime>().WarmUpAsync();
    }

    /// <summary>Frees them.</summary>
    [GlobalCleanup]
    public void Cleanup() => services.Dispose();

    /// <summary>A prompt to a picture.</summary>
    [Benchmark(Baseline = true)]
    public Task<GenerationResult> Generate() => generation.GenerateAsync(new GenerationRequest(new GenerationItem(Prompt)));

    /// <summary>Eight pictures as one batch.</summary>
    [Benchmark]
    public Task<GenerationResult> GenerateEight() => generation.GenerateAsync(new GenerationRequest(Eight));

    /// <summary>The same eight pictures one after the other.</summary>
    [Benchmark]
    public Task<GenerationResult> GenerateEightSingly() => generation.GenerateAsync(new GenerationRequest(Eight) { MaxBatchSize = 1 });

    /// <summary>A prompt to a picture, what is wrong with it in words, an aligned picture, and the scores of both.</summary>
    [Benchmark]
    public Task<AlignmentResult> Round() =>
        pipeline.AlignAsync(new AlignmentRequest(new AlignmentItem(Prompt)) { DescribeCritique = true });

    private static IEnumerable<GenerationItem> Eight =>
        Enumerable.Range(0, 8).Select(static seed => new GenerationItem(Prompt) { Seed = seed });
}
