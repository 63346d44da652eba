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
    public async Task Says_what_a_checkpoint_is_and_how_it_is_used()
    {
        var resampler = await Tool.RunAsync("inspect", Resampler);
        Assert.Contains("what: projection of SDXL's image prompt, 16 tokens of width 32", resampler.Lines);
        Assert.Contains("types: F16 100.0%", resampler.Lines);
        Assert.Contains("use: --resampler FILE", resampler.Lines);

        var quantized = await Tool.RunAsync("inspect", Path.Combine(TestData.Golden, "quantized", "files", "flux1-dev-Q8_0.gguf"));
        Assert.Contains("types: Q8_0 60.0%, BF16 36.2%, F32 3.8%", quantized.Lines);

        using var json = JsonDocument.Parse((await Tool.RunAsync("inspect", Resampler, "--json")).Output);
        Assert.Equal("--resampler FILE", json.RootElement.GetProperty("description").GetProperty("use").GetString());
    }

    [Fact]
    public async Task Says_for_how_many_steps_a_file_was_distilled()
    {
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            var file = Path.Combine(folder.FullName, "sdxl_lightning_4step_unet.safetensors");
            File.CreateSymbolicLink(
                file,
                Path.Combine(TestData.Golden, "sdxl", "checkpoint", "unet", "diffusion_pytorch_model.safetensors")
            );
            var run = await Tool.RunAsync("inspect", file);
            Assert.Contains(
                "few steps: lightning for 4 steps, by the file name sdxl_lightning_4step_unet.safetensors: --preset lightning-4",
                run.Lines
            );
            Assert.Contains("use: --unet FILE", run.Lines);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("sdxl/checkpoint", "StableDiffusionXLPipeline", "unet: UNet of SDXL, ", "use: --model FOLDER")]
    [InlineData("flux/FLUX.1-schnell", "FluxPipeline", "transformer: transformer of FLUX.1, ", "use: --backbone flux --model FOLDER")]
    [InlineData("zimage/Z-Image-Turbo", "ZImagePipeline", "transformer: transformer of Z-Image, ", "use: --backbone zimage --model FOLDER")]
    public async Task Says_what_a_whole_model_is(string folder, string type, string part, string use)
    {
        var run = await Tool.RunAsync("inspect", Path.Combine(TestData.Golden, folder));
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Contains(run.Lines, line => line.StartsWith(part, StringComparison.Ordinal));
        Assert.Contains($"what: a whole model, {type}", run.Lines);
        Assert.Contains(run.Lines, line => line.StartsWith("sampled by: ", StringComparison.Ordinal));
        Assert.Contains(use, run.Lines);
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
