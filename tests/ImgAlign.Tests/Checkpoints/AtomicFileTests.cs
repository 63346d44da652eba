using ImgAlign.Checkpoints;

namespace ImgAlign.Tests.Checkpoints;

public sealed class AtomicFileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void What_killed_processes_left_of_some_files_goes_and_nothing_else()
    {
        var unfinished = $"{Guid.NewGuid():N}.part";
        foreach (
            var name in new[]
            {
                "shard-0.bin",
                $"shard-0.bin.{unfinished}",
                $"shard-1.bin.{unfinished}",
                $"other.{unfinished}",
                "shard-1.bin.my.part",
            }
        )
            folder.Write(name, "");
        AtomicFile.DeleteUnfinished(folder.Path, "shard-*");
        Assert.Equal(
            [$"other.{unfinished}", "shard-0.bin", "shard-1.bin.my.part"],
            Directory.GetFiles(folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal)
        );
    }
}
