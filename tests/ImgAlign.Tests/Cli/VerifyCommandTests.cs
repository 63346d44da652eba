namespace ImgAlign.Tests.Cli;

public class VerifyCommandTests
{
    private static readonly string Tokenizers = Path.Combine(TestData.Golden, "tokenizer");

    [Fact]
    public async Task Prints_a_line_a_case_and_the_sum_last()
    {
        var run = await Tool.RunAsync("verify", Tokenizers, "--filter", "clip-");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal("2 passed, 0 failed", run.Lines[^1]);
        Assert.All(run.Lines.SkipLast(1), line => Assert.Matches(@"^tokenize-clip +clip-\d +error 0\.0e\+0 +\d+\.\d\d s  passed$", line));
        Assert.Empty(run.Error);
    }

    [Fact]
    public async Task Fails_for_a_kind_that_it_does_not_know()
    {
        var folder = Directory.CreateTempSubdirectory().FullName;
        File.WriteAllText(Path.Combine(folder, "case.json"), """{"kind": "crystal-ball", "tolerance": {"atol": 0, "rtol": 0}}""");

        var run = await Tool.RunAsync("verify", folder);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("kind 'crystal-ball' is not known", run.Lines[0], StringComparison.Ordinal);
        Assert.Equal("0 passed, 1 failed", run.Lines[^1]);
    }

    [Fact]
    public async Task Fails_for_a_case_that_holds_nothing_to_compare_with()
    {
        var folder = Directory.CreateTempSubdirectory().FullName;
        File.WriteAllText(
            Path.Combine(folder, "case.json"),
            """{"kind": "randn", "options": {"seed": 0, "shapes": [[4]]}, "tolerance": {"atol": 0, "rtol": 0}}"""
        );

        var run = await Tool.RunAsync("verify", folder);

        Assert.Contains("nothing to compare with", run.Lines[0], StringComparison.Ordinal);
        Assert.Equal("0 passed, 1 failed", run.Lines[^1]);
    }

    [Fact]
    public async Task Refuses_a_folder_without_cases()
    {
        var run = await Tool.RunAsync("verify", Tokenizers, "--filter", "no such case");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("nothing to verify", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refuses_a_device_that_is_not_there()
    {
        var run = await Tool.RunAsync("verify", Tokenizers, "--device", "tpu");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("tpu", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ends_with_130_when_it_is_stopped()
    {
        var run = await Tool.RunAsync(new CancellationToken(canceled: true), "verify", Tokenizers);

        Assert.Equal(130, run.ExitCode);
        Assert.Equal("Stopped.", run.Error.Trim());
    }
}
