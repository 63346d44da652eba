using System.Globalization;
using ImgAlign.DependencyInjection;
using ImgAlign.ShapeWorld;
using Microsoft.Extensions.DependencyInjection;

namespace ImgAlign.Benchmarks.Measured;

/// <summary>
/// How near a sampler comes in few steps to where many lead, on ShapeWorld. Stochastic samplers lead elsewhere for every number of steps.
/// </summary>
internal static class SamplerConvergence
{
    private const int Pictures = 8;
    private const int StepsOfLimit = 200;

    private static readonly int[] Steps = [5, 10, 20, 40];

    private static readonly ISampler[] Deterministic =
    [
        Samplers.Euler,
        Samplers.Ddim,
        Samplers.Heun,
        Samplers.DpmSolver2M,
        Samplers.DpmSolver3M,
        Samplers.DpmSolver2S,
        Samplers.DpmSolver3S,
        Samplers.UniPc,
    ];

    private static readonly string[] Prompts =
    [
        "a red circle left of a blue square",
        "a green triangle above a purple cross",
        "a yellow square below a black circle",
        "a blue cross right of a red triangle",
    ];

    /// <summary>Prints a table.</summary>
    public static async Task WriteAsync()
    {
        var collection = new ServiceCollection();
        collection.AddImplicitMultimodalGuidance(static options => options.Threads = 1).UseShapeWorld();
        await using var services = collection.BuildServiceProvider();
        var pipeline = services.GetRequiredService<IGenerationPipeline>();
        var items = Enumerable.Range(0, Pictures).Select(static seed => new GenerationItem(Prompts[seed % Prompts.Length]) { Seed = seed });
        var request = new GenerationRequest(items);

        Console.WriteLine(
            $"{Pictures} pictures; root of the mean squared difference from {StepsOfLimit} steps of Euler, of 255; in brackets evaluations"
        );
        Console.WriteLine();
        Console.WriteLine($"| | {string.Join(" | ", Steps.Select(static steps => $"{steps} steps"))} |");
        Console.WriteLine($"|---|{string.Concat(Enumerable.Repeat("---|", Steps.Length))}");
        var limit = await GenerateAsync(Samplers.Euler, StepsOfLimit).ConfigureAwait(false);
        foreach (var sampler in Deterministic)
        {
            var cells = new List<string>();
            foreach (var steps in Steps)
            {
                var difference = Difference(await GenerateAsync(sampler, steps).ConfigureAwait(false), limit);
                var evaluations = sampler.CountEvaluations(steps);
                cells.Add(
                    string.Create(CultureInfo.InvariantCulture, $"{difference:0.0}{(evaluations == steps ? "" : $" ({evaluations})")}")
                );
            }
            Console.WriteLine($"| `{sampler.Name}` | {string.Join(" | ", cells)} |");
        }

        async Task<IReadOnlyList<RgbImage>> GenerateAsync(ISampler sampler, int steps) =>
            [
                .. (
                    await pipeline
                        .GenerateAsync(request with { Sampler = sampler, Steps = steps, NoiseLevels = LevelsFor(sampler) })
                        .ConfigureAwait(false)
                ).Items.Select(static item => item.Image),
            ];
    }

    private static double Difference(IEnumerable<RgbImage> actual, IEnumerable<RgbImage> expected) =>
        Math.Sqrt(
            actual
                .Zip(expected)
                .Average(static pair =>
                    pair.First.Pixels.ToArray().Zip(pair.Second.Pixels.ToArray(), static (a, b) => (double)(a - b) * (a - b)).Average()
                )
        );

    // All begin at the last timestep of training: those of a single step have such timesteps of their own.
    private static NoiseLevelOptions LevelsFor(ISampler sampler) =>
        sampler.Kind == SamplerKind.DpmSolverSinglestep ? new() : new() { TimestepSpacing = TimestepSpacing.Trailing };
}
