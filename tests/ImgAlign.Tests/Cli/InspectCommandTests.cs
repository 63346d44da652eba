using System.Text.Json;

namespace ImgAlign.Tests.Cli;

public class InspectCommandTests
{
    private static readonly string Resampler = Path.Combine(TestData.Golden, "sdxl", "ckpts", "resampler.pth");

    [Fact]
    public async Task Lists_tensors_and_their_sum()
    {
        var run = await Tool.RunAsync("inspect", Resampler);

        Assert.Equal(0, run.ExitCode);
        Assert.Contains(
            run.Lines,
            line => line.StartsWith("latents ", StringComparison.Ordinal) && line.Contains("F16", StringComparison.Ordinal)
        );
        Assert.EndsWith("PyTorch zip pickle, 29 tensors, 53,904 elements, 107,808 bytes", run.Lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Names_the_shard_of_each_tensor()
    {
        var run = await Tool.RunAsync("inspect", Path.Combine(TestData.Golden, "mllm", "llava-hf"));

        Assert.Contains("model-00002-of-00002.safetensors", run.Output, StringComparison.Ordinal);
        Assert.EndsWith("89 tensors, 441,040 elements, 882,080 bytes", run.Lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Prints_json_that_a_program_can_read()
    {
        var run = await Tool.RunAsync("inspect", Resampler, "--json");

        using var json = JsonDocument.Parse(run.Output);
        Assert.Equal(29, json.RootElement.GetProperty("tensors").GetArrayLength());
        Assert.Equal(107_808, json.RootElement.GetProperty("bytes").GetInt64());
    }

    [Theory]
    [InlineData("pickle_os_system_zip.pth")]
    [InlineData("st_header_2_63.safetensors")]
    [InlineData("lfs_pointer.pth")]
    public async Task Refuses_a_hostile_file_in_one_sentence(string file)
    {
        var run = await Tool.RunAsync("inspect", Path.Combine(TestData.Golden, "aligner", "hostile", file));

        Assert.Equal(1, run.ExitCode);
        Assert.Single(run.Error.Trim().Split('\n'));
        Assert.Contains(file, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Shows_where_an_error_comes_from_when_asked()
    {
        var run = await Tool.RunAsync("inspect", "no-such-file.pth", "--verbose");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("   at ImgAlign.Checkpoints.Checkpoint.Open", run.Error, StringComparison.Ordinal);
    }
}
