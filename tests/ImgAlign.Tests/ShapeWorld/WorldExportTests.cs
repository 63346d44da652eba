using ImgAlign.Checkpoints;
using ImgAlign.Runtime;
using ImgAlign.ShapeWorld.Models;
using ImgAlign.ShapeWorld.Training;
using ImgAlign.Tests.Checkpoints;
using ImgAlign.Tests.Cli;
using static TorchSharp.torch;

namespace ImgAlign.Tests.ShapeWorld;

public sealed class WorldExportTests : IDisposable
{
    private readonly TemporaryFolder trained = new();
    private readonly TemporaryFolder copy = new();

    public void Dispose()
    {
        trained.Dispose();
        copy.Dispose();
    }

    [Fact]
    public async Task A_copy_has_all_files_and_its_weights_in_16_bits()
    {
        var world = RandomWorld.Write(trained.Path);

        var run = await Tool.RunAsync("world", "export", trained.Path, "--output", copy.Path);

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Equal(Files(trained.Path), Files(copy.Path));
        Assert.Contains(new WorldFolder(copy.Path).HashWeights(), run.Lines[1], StringComparison.Ordinal);
        using var weights = Checkpoint.Open(new WorldFolder(copy.Path).Aligner);
        Assert.All(weights.Tensors.Values, static tensor => Assert.Equal(bfloat16, tensor.Type));
        Assert.Equal(Scores(world), Scores(new WorldFolder(copy.Path)), static (full, narrow) => Math.Abs(full - narrow) < 0.05);
    }

    [Fact]
    public async Task A_world_that_is_not_complete_is_refused()
    {
        var world = RandomWorld.Write(trained.Path);
        File.Delete(world.Resampler);

        var run = await Tool.RunAsync("world", "export", trained.Path, "--output", copy.Path);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("resampler.safetensors", run.Error, StringComparison.Ordinal);
        Assert.Empty(Files(copy.Path));
    }

    [Fact]
    public void A_world_is_not_copied_onto_itself() =>
        Assert.Contains(
            "name another folder",
            Assert.Throws<ImgAlignException>(() => WorldExport.Write(new WorldFolder(trained.Path), trained.Path)).Message,
            StringComparison.Ordinal
        );

    // Weights are computed with in 32 bits, whatever they are stored in.
    private static IReadOnlyList<double> Scores(WorldFolder world)
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions { Threads = 1 });
        using var scorer = new WorldScorer(runtime, world);
        Assert.Equal(float32, runtime.Type);
        return scorer.Score(
            [.. Enumerable.Range(0, 3).Select(static seed => SceneSample.Draw(seed).Image)],
            [.. Enumerable.Repeat("a red circle left of a blue square", 3)]
        );
    }

    private static IEnumerable<string> Files(string folder) =>
        Directory
            .EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(folder, file))
            .Order(StringComparer.Ordinal);
}
