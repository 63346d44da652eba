using ImgAlign.DependencyInjection;
using ImgAlign.ShapeWorld;
using ImgAlign.ShapeWorld.Language;
using ImgAlign.ShapeWorld.Scenes;
using Microsoft.Extensions.DependencyInjection;

namespace ImgAlign.Benchmarks.Serving;

/// <summary>The rounds that jobs ask for, by pipelines in this process, each with one thread.</summary>
internal sealed class RoundLoop : IAsyncDisposable
{
    private readonly IReadOnlyList<ServiceProvider> services;

    public RoundLoop(int pipelines) =>
        services = [
            .. Enumerable
                .Range(0, pipelines)
                .Select(static _ =>
                {
                    var collection = new ServiceCollection();
                    collection.AddImplicitMultimodalGuidance(static options => options.Threads = 1).UseShapeWorld();
                    return collection.BuildServiceProvider();
                }),
        ];

    /// <summary>What the round with a number draws.</summary>
    public static string PromptOf(int number) => Captions.WriteCanonical(Scene.Draw(new SceneRandom(1, number)));

    /// <summary>One round, by the first pipeline.</summary>
    public Task RunAsync(int number) => RunAsync(services[0], number);

    /// <summary>All rounds from one number to another, by all pipelines.</summary>
    public async Task RunAllAsync(int from, int to)
    {
        var next = from - 1;
        await Task.WhenAll(
            services.Select(async provider =>
            {
                int number;
                while ((number = Interlocked.Increment(ref next)) < to)
                    await RunAsync(provider, number);
            })
        );
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var provider in services)
            await provider.DisposeAsync();
    }

    private static Task<AlignmentResult> RunAsync(ServiceProvider provider, int number) =>
        provider
            .GetRequiredService<IAlignmentPipeline>()
            .AlignAsync(
                new AlignmentRequest(new AlignmentItem(PromptOf(number)) { Seed = number }) { Rounds = 1, DescribeCritique = true }
            );
}
