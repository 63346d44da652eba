using ImgAlign.Extensions.AI;
using ImgAlign.Imaging;
using ImgAlign.Runtime;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;

namespace ImgAlign.Server.Tests;

public sealed class FakePipelineTests
{
    [Fact]
    public async Task An_application_is_tested_with_a_pipeline_of_its_own_that_computes_nothing()
    {
        var services = new ServiceCollection();
        services.AddColours().AddImageGenerator();
        services.AddSingleton<IAlignmentPipeline, FakePipeline>();
        await using var provider = services.BuildServiceProvider();

        var options = new ImageGenerationOptions { AdditionalProperties = new() { ["rounds"] = 1 } };
        var answer = await provider.GetRequiredService<IImageGenerator>().GenerateImagesAsync("a red house", options);

        var content = Assert.IsType<DataContent>(Assert.Single(answer.Contents));
        Assert.Equal(FakePipeline.Picture, ImageFile.Decode(content.Data, "picture"));
        Assert.Equal(true, content.AdditionalProperties!["accepted"]);
    }

    // Of public members alone: this assembly sees no others.
    private sealed class FakePipeline : IAlignmentPipeline
    {
        public static RgbImage Picture { get; } = new(2, 1, [1, 2, 3, 4, 5, 6]);

        public Task<AlignmentResult> AlignAsync(
            AlignmentRequest request,
            IProgress<RunUpdate>? progress = null,
            CancellationToken cancellationToken = default
        )
        {
            var result = new AlignmentResult
            {
                Items = [.. request.Items.Select(ToResult)],
                Acceptance = ScoreGate.Open,
                Policy = SearchPolicies.Rounds,
                Settings = new SamplingSettings
                {
                    Steps = 1,
                    Guidance = 1,
                    ImagePromptScale = 1,
                    Sampler = Samplers.Euler,
                },
                Loras = [],
                Report = new RunReport
                {
                    Duration = TimeSpan.Zero,
                    BatchSize = 1,
                    Timings = [],
                    Devices = [],
                },
            };
            progress?.Report(new RunCompleted<AlignmentResult>(result));
            return Task.FromResult(result);
        }

        public IAsyncEnumerable<RunUpdate> StreamAsync(AlignmentRequest request, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public Task<IReadOnlyList<string>> DescribeAsync(
            IReadOnlyList<AlignmentItem> items,
            int maxNewTokens = 128,
            CancellationToken cancellationToken = default
        ) => throw new NotSupportedException();

        public IReadOnlyList<MemoryEstimate> EstimateMemory(AlignmentRequest request) => [];

        public void Dispose() { }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        private static AlignedItem ToResult(AlignmentItem item) =>
            new()
            {
                Item = item,
                PlainPrompt = item.Prompt,
                Budget = 2,
                Candidates = [ToCandidate(item, 0), ToCandidate(item, 1)],
            };

        private static Candidate ToCandidate(AlignmentItem item, int number) =>
            new()
            {
                Number = number,
                Round = number,
                Cost = 1,
                Prompt = item.Prompt,
                Seed = item.Seed,
                Image = Picture,
                Scores = [],
                Accepted = true,
            };
    }
}
