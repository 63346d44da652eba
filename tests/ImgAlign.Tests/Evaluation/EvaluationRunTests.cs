using System.Runtime.InteropServices;
using ImgAlign.Backbones;
using ImgAlign.Evaluation;
using ImgAlign.Runtime;

namespace ImgAlign.Tests.Evaluation;

/// <summary>Evaluations of models of one's own: what scorers are given, and where memory is short.</summary>
public sealed class EvaluationRunTests : ModelTestBase
{
    private const long PictureBytes = 100;

    private static readonly ImageSize Size = new(768, 640); // where the VAE needs more than the other networks

    [Fact]
    public async Task Scorers_read_the_prompt_without_the_notation_of_weights()
    {
        var scorer = new RecordingScorer(Runtime);

        var result = await RunAsync(Runtime, new SdxlOptions { PromptWeights = true }, scorer, "a (red:1.4) cube");

        Assert.Equal(0, result.Failures);
        Assert.Equal(["a red cube"], scorer.Prompts);
    }

    [Fact]
    public async Task Pictures_in_tiles_are_recorded_and_the_report_says_so()
    {
        var (whole, tiled) = (RequiredBytes(VaeTiling.Never), RequiredBytes(VaeTiling.Always));
        using var small = new DeviceRuntime(new RuntimeOptions { MemoryBudgetBytes = (whole + tiled) / 2, Threads = 1 });

        var result = await RunAsync(small, new SdxlOptions { VaeTileSize = 64 }, scorer: null, "a boat");

        Assert.Equal((0, 1), (result.Failures, result.PicturesInTiles));
        Assert.Contains("1 pictures were decoded in tiles", await File.ReadAllTextAsync(result.WriteReport()), StringComparison.Ordinal);
        var record = Directory.EnumerateFiles(Folder.Path, "record.json", SearchOption.AllDirectories).Single();
        Assert.Contains("\"inTiles\": true", await File.ReadAllTextAsync(record), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Too_little_memory_ends_the_run_and_is_no_picture_s_failure()
    {
        using var none = new DeviceRuntime(new RuntimeOptions { MemoryBudgetBytes = 1, Threads = 1 });

        await Assert.ThrowsAsync<DeviceMemoryException>(() => RunAsync(none, new SdxlOptions(), scorer: null, "a boat", "a cat"));

        Assert.Empty(Directory.EnumerateFiles(Folder.Path, "record.json", SearchOption.AllDirectories));
    }

    [Theory]
    [InlineData(3, new[] { 3 })]
    [InlineData(2, new[] { 1, 1, 1 })] // 3, halved
    public async Task As_many_pictures_are_scored_at_once_as_fit(int fitting, int[] expected)
    {
        using var other = new DeviceRuntime(new RuntimeOptions { MemoryBudgetBytes = fitting * PictureBytes, Threads = 1 });
        var scorer = new RecordingScorer(other);

        await RunAsync(Runtime, new SdxlOptions(), scorer, "a boat", "a cat", "a dog");

        Assert.Equal(expected, scorer.Batches);
        Assert.Equal(["a boat", "a cat", "a dog"], scorer.Prompts);
    }

    [Fact]
    public async Task A_scorer_that_runs_out_of_memory_ends_the_run_with_what_to_do()
    {
        var scorer = new RecordingScorer(Runtime)
        {
            Problem = new LibTorchException("[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory"),
        };

        var problem = await Assert.ThrowsAsync<DeviceMemoryException>(() =>
            RunAsync(Runtime, new SdxlOptions(), scorer, "a boat", "a cat")
        );

        Assert.Contains(
            "ran out of memory while recording scored 2 pictures; use a smaller MaxBatchSize",
            problem.Message,
            StringComparison.Ordinal
        );
        Assert.Single(Directory.EnumerateFiles(Folder.Path, "record.json", SearchOption.AllDirectories)); // the pictures stay, and no score
    }

    private async Task<EvaluationResult> RunAsync(DeviceRuntime runtime, SdxlOptions options, IImageScorer? scorer, params string[] prompts)
    {
        using var backbone = Load(runtime, options);
        using var generation = new GenerationPipeline(backbone);
        using var alignment = new AlignmentPipeline(backbone, new AlignmentPipelineOptions());
        var evaluation = new EvaluationOptions
        {
            Prompts = [.. prompts.Select(static (prompt, index) => new EvaluationPrompt($"{index}", prompt) { Seeds = [0], Size = Size })],
            Matrix = new ArmMatrix { Arms = [new EvaluationArm("base")] },
            Settings = new AlignmentRequest { Steps = 1, Guidance = 1 },
            Folder = Folder.Path,
        };
        var run = new EvaluationRun(
            evaluation,
            _ => new EvaluationModels
            {
                Generation = generation,
                Alignment = alignment,
                Scorers = scorer is null ? [] : [scorer],
                GenerationIdentity = "",
                AlignmentIdentity = "",
                DeviceKind = "test",
            }
        );
        return await run.RunAsync();
    }

    private long RequiredBytes(VaeTiling tiling)
    {
        using var backbone = Load(Runtime, new SdxlOptions { VaeTiling = tiling, VaeTileSize = 64 });
        using var pipeline = new GenerationPipeline(backbone);
        var request = new GenerationRequest(new GenerationItem("a boat") { Size = Size }) { Steps = 1, Guidance = 1 };
        return pipeline.EstimateMemory(request)[0].RequiredBytes;
    }

    private static SdxlBackbone Load(DeviceRuntime runtime, SdxlOptions options)
    {
        options.ModelPath = Path.Combine(TestData.Golden, "sdxl", "checkpoint");
        return new SdxlBackbone(runtime, options);
    }

    // As TorchSharp throws them.
    private sealed class LibTorchException(string message) : ExternalException(message);

    private sealed class RecordingScorer(DeviceRuntime runtime) : IImageScorer, IMemoryFootprint
    {
        public string Name => "recording";

        public DeviceRuntime Runtime => runtime;

        public List<string> Prompts { get; } = [];

        public List<int> Batches { get; } = [];

        public Exception? Problem { get; init; }

        public IReadOnlyList<StageFootprint> EstimateStages(Workload workload) => [new("recording", 0, workload.Batch * PictureBytes)];

        public IReadOnlyList<double> Score(IReadOnlyList<RgbImage> images, IReadOnlyList<string> prompts)
        {
            Prompts.AddRange(prompts);
            Batches.Add(images.Count);
            if (Problem is not null)
                throw Problem;
            return [.. images.Select(static _ => 1.0)];
        }

        public void Dispose() { }
    }
}
