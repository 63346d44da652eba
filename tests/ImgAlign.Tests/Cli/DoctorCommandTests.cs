namespace ImgAlign.Tests.Cli;

public class DoctorCommandTests
{
    [Fact]
    public async Task Finds_a_libtorch_that_computes()
    {
        var run = await Tool.RunAsync("doctor");

        Assert.Equal(0, run.ExitCode);
        Assert.Contains(
            run.Lines,
            line => line.StartsWith("fine    libtorch", StringComparison.Ordinal) && line.Contains("torch_cpu", StringComparison.Ordinal)
        );
        Assert.Contains(run.Lines, line => line.StartsWith("fine    computation", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--device only says where --recipe or --selftest would run", "doctor", "--device", "cpu")]
    [InlineData("--golden and --quick only say what --selftest does", "doctor", "--quick")]
    [InlineData("--golden and --quick only say what --selftest does", "doctor", "--golden", ".")]
    [InlineData("--scorer only says what --recipe would have as well", "doctor", "--scorer", "hps")]
    [InlineData("owner/name is no recipe", "pull", "owner/name", "--scorer", "hps")]
    [InlineData("--recipes only says where --recipe is looked up", "doctor", "--recipes", "mine.json")]
    [InlineData("--recipes only says where --recipe is looked up", "align", "a cat", "--model", "sdxl", "--recipes", "mine.json")]
    [InlineData("owner/name is no recipe", "pull", "owner/name", "--recipes", "mine.json")]
    public async Task An_option_that_would_do_nothing_is_refused(string expected, params string[] arguments)
    {
        var run = await Tool.RunAsync(arguments);

        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
    }
}
