namespace ImgAlign.Tests.Cli;

public class DoctorCommandTests
{
    [Fact]
    public async Task Finds_a_libtorch_that_computes()
    {
        var run = await Tool.RunAsync("doctor");

        Assert.Equal(0, run.ExitCode);
        Assert.Contains(run.Lines, line => line.StartsWith("fine    libtorch", StringComparison.Ordinal) && line.Contains("torch_cpu", StringComparison.Ordinal));
        Assert.Contains(run.Lines, line => line.StartsWith("fine    computation", StringComparison.Ordinal));
    }
}
