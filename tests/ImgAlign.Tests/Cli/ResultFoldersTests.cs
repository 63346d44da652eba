using ImgAlign.Cli.Align;
using ImgAlign.Cli.Jobs;
using ImgAlign.Tests.Checkpoints;

namespace ImgAlign.Tests.Cli;

/// <summary>No work is lost: what can be known beforehand is checked before anything is computed, and results are kept apart.</summary>
public sealed class ResultFoldersTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_result_is_replaced_only_when_that_is_asked_for()
    {
        Assert.Equal(0, (await AlignAsync("--seed", "2")).ExitCode);
        var first = File.ReadAllText(folder.File("out/seed-2/record.json"));

        var again = await AlignAsync("--seed", "1", "2");
        Assert.Equal(1, again.ExitCode);
        Assert.Contains("seed-2: there is a result already", again.Error, StringComparison.Ordinal);
        Assert.Contains("--overwrite", again.Error, StringComparison.Ordinal);
        Assert.Equal(["seed-2"], Entries("out"));

        Assert.Equal(0, (await AlignAsync("--seed", "2", "--overwrite", "--scale", "0.3")).ExitCode);
        Assert.NotEqual(first, File.ReadAllText(folder.File("out/seed-2/record.json")));
        Assert.Equal(["seed-2"], Entries("out"));
        Assert.Equal(["after.png", "before.png", "record.json", "side-by-side.png"], Entries("out/seed-2"));
    }

    [Fact]
    public async Task A_folder_with_other_files_is_never_replaced()
    {
        folder.Write("out/seed-0/notes.txt", "mine");
        var run = await AlignAsync("--overwrite");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("'notes.txt' is not of a result", run.Error, StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(folder.File("out/seed-0/notes.txt")));
    }

    [Theory]
    [InlineData("file", "file: this is a file")]
    [InlineData("file/below", "file: this is a file")]
    public async Task An_output_that_is_a_file_is_refused_before_anything_is_computed(string output, string message)
    {
        folder.Write("file", "");
        var run = await Tool.RunAsync("align", Prompt, "--out", folder.File(output));
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(message, Assert.Single(run.Error.TrimEnd().Split(Environment.NewLine)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_that_takes_no_files_is_refused_before_anything_is_computed()
    {
        if (!OperatingSystem.IsLinux())
            return; // where /proc takes none, whoever asks
        var run = await Tool.RunAsync("align", Prompt, "--out", "/proc/results");
        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith(
            "/proc: results cannot be written here",
            Assert.Single(run.Error.TrimEnd().Split(Environment.NewLine)),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_result_that_cannot_be_completed_leaves_nothing_behind()
    {
        IEnumerable<(string, byte[])> broken = [("after.png", [1]), ("before.png", null!)];
        Assert.ThrowsAny<Exception>(() => Folders(overwrite: false).Write("seed-1", broken));
        Assert.Empty(Entries("."));
        folder.Write("seed-1/record.json", "{}");
        Assert.ThrowsAny<Exception>(() => Folders(overwrite: true).Write("seed-1", broken));
        Assert.Equal(["seed-1"], Entries("."));
        Assert.Equal("{}", File.ReadAllText(folder.File("seed-1/record.json")));
    }

    [Fact]
    public async Task A_report_is_replaced_only_by_a_whole_one()
    {
        var report = folder.Write("out/report.html", "earlier");
        string[] evaluate = ["world", "evaluate", "--count", "1", "--steps", "1", "--out", folder.File("out")];

        var failed = await Tool.RunAsync([.. evaluate, "--arms", folder.File("absent.json")]);
        Assert.Equal((1, "earlier"), (failed.ExitCode, File.ReadAllText(report)));

        Assert.Equal(0, (await Tool.RunAsync(evaluate)).ExitCode);
        Assert.StartsWith("<!DOCTYPE html>", File.ReadAllText(report), StringComparison.Ordinal);
        Assert.Equal(["pictures", "report.html", "scores.jsonl", "scores.parquet"], Entries("out"));
    }

    [Fact]
    public void Different_prompts_have_different_folders()
    {
        string[] prompts = ["a cat", "a  cat", "a cat!", "A cat", "猫", "犬", "../a cat", new('x', 100), new string('x', 100) + "y", "-"];
        var names = prompts.Select(ResultFolders.DefaultRoot).ToList();
        Assert.Equal(Path.Combine("imgalign-out", "a-cat"), names[0]);
        Assert.Equal(prompts.Length, names.Distinct(StringComparer.OrdinalIgnoreCase).Count());
        Assert.All(names, static name => Assert.Equal("imgalign-out", Path.GetDirectoryName(name)));
    }

    private const string Prompt = "a red circle left of a blue square";

    private Task<ToolRun> AlignAsync(params string[] options) =>
        Tool.RunAsync(["align", Prompt, "--steps", "1", "--no-critique", "--out", folder.File("out"), .. options]);

    private ResultFolders Folders(bool overwrite) => new(folder.Path, overwrite, AlignFiles.IsOne);

    private IEnumerable<string?> Entries(string name) =>
        Directory.EnumerateFileSystemEntries(folder.File(name)).Select(Path.GetFileName).Order(StringComparer.Ordinal);
}
