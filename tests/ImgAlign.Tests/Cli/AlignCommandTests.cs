using System.Text.Json;
using ImgAlign.Checkpoints;
using ImgAlign.Imaging;
using ImgAlign.Networks.Aligner;
using ImgAlign.Networks.Perceiver;
using ImgAlign.Tests.Networks;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Cli;

public sealed class AlignCommandTests : IDisposable
{
    private static readonly string Config = Path.Combine(TestData.Golden, "..", "..", "samples", "tiny.json");

    private readonly string output = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(output, recursive: true);

    [Fact]
    public async Task Writes_the_pictures_and_a_record_for_each_seed()
    {
        var run = await AlignAsync("--width", "64", "--height", "32", "--steps", "2", "--seed", "3", "4", "--no-critique");

        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        foreach (var seed in new[] { 3, 4 })
        {
            var folder = Path.Combine(output, $"seed-{seed}");
            Assert.Equal(["after.png", "before.png", "record.json", "side-by-side.png"], Files(folder));
            Assert.Equal(new ImageSize(64, 32), ImageFile.Load(Path.Combine(folder, "after.png")).Size);
            Assert.Equal(4 * 32, ImageFile.Load(Path.Combine(folder, "side-by-side.png")).Height); // enlarged, to be seen
            using var record = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "record.json")));
            Assert.Equal(seed, record.RootElement.GetProperty("seed").GetInt32());
            Assert.Contains(
                "a red cube",
                record.RootElement.GetProperty("candidates")[1].GetProperty("question").GetString(),
                StringComparison.Ordinal
            );
        }
        Assert.DoesNotContain('\u001b', run.Output + run.Error);
    }

    [Fact]
    public async Task Aligns_a_given_picture_and_says_what_the_detector_answered()
    {
        var picture = Path.Combine(output, "given.png");
        ImageFile.SavePng(picture, new RgbImage(64, 64, new byte[64 * 64 * 3]));

        var run = await AlignAsync("--image", picture, "--steps", "1", "--question", "What is wrong with {prompt}?");

        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        Assert.Equal("picture 1 (align) asked: What is wrong with a red cube?", run.Lines[0]);
        Assert.StartsWith("picture 1 (align) answered: ", run.Lines[1], StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(picture), File.ReadAllBytes(Path.Combine(output, "seed-0", "before.png")));
    }

    [Fact]
    public async Task Aligns_with_flux()
    {
        var flux = Path.Combine(TestData.Golden, "flux");
        var aligner = Path.Combine(output, "aligner.safetensors");
        using (
            var network = new AlignerNetwork(new PerceiverConfig(64, 48, 48, Depth: 1, Heads: 2, HeadWidth: 64, FeedForwardWidth: 96), META)
        )
        using (var weights = RuleWeights.For(network))
            SafetensorsWriter.Write(aligner, weights);

        var run = await AlignAsync(
            "--backbone",
            "flux",
            "--model",
            Path.Combine(flux, "FLUX.1-dev"),
            "--ip-adapter",
            Path.Combine(flux, "flux-ip-adapter", "ip_adapter.safetensors"),
            "--image-encoder",
            Path.Combine(flux, "flux-ip-adapter", "image_encoder"),
            "--aligner",
            aligner,
            "--steps",
            "2",
            "--width",
            "64",
            "--height",
            "32",
            "--no-critique"
        );

        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        Assert.Equal(new ImageSize(64, 32), ImageFile.Load(Path.Combine(output, "seed-0", "after.png")).Size);
    }

    [Fact]
    public async Task Aligns_with_qwen()
    {
        var run = await AlignAsync(
            "--detector-family",
            "qwen",
            "--detector",
            Path.Combine(TestData.Golden, "mllm", "qwen"),
            "--max-pixels",
            "3136",
            "--steps",
            "2",
            "--width",
            "64",
            "--height",
            "32"
        );

        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        Assert.StartsWith("picture 1 (align) answered: ", run.Lines[1], StringComparison.Ordinal);
        using var record = JsonDocument.Parse(File.ReadAllText(Path.Combine(output, "seed-0", "record.json")));
        Assert.Equal("qwen", record.RootElement.GetProperty("configuration").GetProperty("Pipeline:Detector").GetString());
    }

    [Fact]
    public async Task The_record_says_how_many_layers_a_lora_changed()
    {
        var lora = Path.Combine(TestData.Golden, "sdxl", "lora", "lora_kohya.safetensors");

        var run = await AlignAsync("--lora", lora + ":0.5", "--steps", "1", "--width", "64", "--height", "32", "--no-critique");

        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        using var record = JsonDocument.Parse(File.ReadAllText(Path.Combine(output, "seed-0", "record.json")));
        var applied = record.RootElement.GetProperty("loras")[0];
        Assert.Equal((lora, 0.5), (applied.GetProperty("path").GetString(), applied.GetProperty("scale").GetDouble()));
        Assert.True(applied.GetProperty("layers").GetInt32() > 0);
    }

    [Fact]
    public async Task Leaves_nothing_behind_when_it_is_stopped()
    {
        var run = await Tool.RunAsync(new CancellationToken(canceled: true), "align", "a red cube", "--config", Config, "--out", output);

        Assert.Equal(130, run.ExitCode);
        Assert.Empty(Directory.EnumerateFileSystemEntries(output));
    }

    [Theory]
    [InlineData("--steps is -1; use 1 to 1000.", "--steps", "-1")]
    [InlineData("--steps is '2.5', but a whole number up to 2147483647 is needed.", "--steps", "2.5")]
    [InlineData("--guidance is '7,5', but a finite number such as 0.5 is needed.", "--guidance", "7,5")]
    [InlineData("--guidance is '1,000.5', but a finite number", "--guidance", "1,000.5")]
    [InlineData("--scale is 'NaN', but a finite number", "--scale", "NaN")]
    [InlineData("--scale is '-Infinity', but a finite number", "--scale", "-Infinity")]
    [InlineData("--scale is -1; use a finite number of 0 or more.", "--scale", "-1")]
    [InlineData("--rounds is 0; use 1 to 100.", "--rounds", "0")]
    [InlineData("The interval of --guidance-start and --guidance-end is 0.9 to 0.2;", "--guidance-start", "0.9", "--guidance-end", "0.2")]
    [InlineData("--guidance-branches is '7'; use Together, Apart.", "--guidance-branches", "7")]
    [InlineData("--precision is 'fp16'; use Auto, Float32, BFloat16, Float16.", "--precision", "fp16")]
    [InlineData("--residency is 'Everything'; use KeepAll,", "--residency", "Everything")]
    [InlineData("--storage is '1'; use AsStored, None, Int8, Float8.", "--storage", "1")]
    [InlineData("--seed is '-1'; use whole numbers from 0 to 9223372036854775807.", "--seed", "1", "2", "-1")]
    [InlineData("--seed is '9223372036854775808'; use whole numbers from 0 to 9223372036854775807.", "--seed", "9223372036854775808")]
    [InlineData("--seed is 'two'; use whole numbers", "--seed", "1", "two")]
    [InlineData("--seed has 3 more than once", "--seed", "3", "3")]
    [InlineData("--width and --height", "--width", "64")]
    [InlineData("The size of --width and --height is 60x64, which SDXL cannot generate: use 64x64", "--width", "60", "--height", "64")]
    [InlineData("Device must be cpu, cuda or cuda:N.", "--device", "tpu")]
    [InlineData("llava_v9", "--template", "llava_v9")]
    [InlineData("no-such-folder", "--detector", "no-such-folder")]
    [InlineData("no-such-lora.safetensors", "--lora", "no-such-lora.safetensors:0.5")]
    [InlineData("--no-gates is not an option of align", "--no-gates")]
    [InlineData("no-such.png", "--image", "no-such.png")]
    public async Task Refuses_what_cannot_be_done_in_one_sentence(string message, params string[] options)
    {
        var run = await AlignAsync(options);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains(message, Assert.Single(run.Error.TrimEnd().Split(Environment.NewLine)), StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(output));
    }

    [Fact]
    public async Task Says_which_model_is_missing()
    {
        var run = await Tool.RunAsync("align", "a red cube", "--ckpts", output, "--detector", "llava");

        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith("Sdxl:ModelPath is not set: give --model", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Says_where_a_configuration_is_broken()
    {
        var file = Path.Combine(output, "broken.json");
        File.WriteAllText(file, "{ \"ImgAlign\": {\n  \"Device\": \"cpu\"\n  \"Threads\": 1 } }");

        var run = await Tool.RunAsync("align", "a red cube", "--config", file);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("broken.json: not valid JSON in line 3", run.Error, StringComparison.Ordinal);
    }

    private Task<ToolRun> AlignAsync(params string[] options) =>
        Tool.RunAsync(["align", "a red cube", "--config", Config, "--out", output, .. options]);

    private static IEnumerable<string?> Files(string folder) =>
        Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal);
}
