using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;
using System.Text.Json;
using ImgAlign.Cli.Jobs;
using ImgAlign.Imaging;
using ImgAlign.Tests.Checkpoints;
using MetadataExtractor.Formats.Xmp;

namespace ImgAlign.Tests.Cli;

/// <summary>What pictures carry of their making, and how they are made again from it.</summary>
public sealed class PictureMetadataTests : IDisposable
{
    private const string Prompt = "a red circle left of a blue square";

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_picture_has_parameters_its_record_and_the_mark_of_a_model()
    {
        var picture = await GenerateAsync(
            "--seed",
            "5",
            "--negative",
            "a green triangle above a purple cross",
            "--sampler",
            "dpmpp-2m",
            "--noise-levels",
            "karras"
        );

        var parameters = PngTextReader.Find(picture, "parameters", "save it again")!;
        Assert.Matches(
            $"^{Prompt}\nNegative prompt: a green triangle above a purple cross\nSteps: 12, Sampler: DPM\\+\\+ 2M, Schedule type: Karras, CFG scale: 2.5, Seed: 5, "
                + "Size: 32x32, Model: ShapeWorld, Version: ImgAlign [^ ,]+$",
            parameters
        );
        using var record = JsonDocument.Parse(PngTextReader.Find(picture, "imgalign", "save it again")!);
        Assert.Equal("generate", record.RootElement.GetProperty("command").GetString());
        Assert.Equal(5, record.RootElement.GetProperty("seed").GetInt64());
        Assert.EndsWith("/trainedAlgorithmicMedia", SourceType(picture), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_picture_is_made_again_to_the_bit()
    {
        var picture = await GenerateAsync("--seed", "5", "--sampler", "euler-ancestral", "--steps", "4", "--guidance", "2");
        var again = await Tool.RunAsync("generate", "--from", picture, "--out", folder.File("again"));
        Assert.Equal((0, ""), (again.ExitCode, again.ExitCode == 0 ? "" : again.Error));
        Assert.Equal(ImageFile.Load(picture).Pixels, ImageFile.Load(folder.File("again/seed-5.png")).Pixels);

        // Other options come before it.
        var other = await Tool.RunAsync("generate", "--from", picture, "--seed", "6", "--out", folder.File("other"));
        Assert.Equal((0, ""), (other.ExitCode, other.ExitCode == 0 ? "" : other.Error));
        Assert.False(ImageFile.Load(picture).Pixels.SequenceEqual(ImageFile.Load(folder.File("other/seed-6.png")).Pixels));
    }

    [Fact]
    public async Task An_alignment_is_made_again_with_its_rounds()
    {
        string[] options = ["--seed", "3", "--steps", "3", "--rounds", "2", "--no-gate", "--no-critique", "--scale", "0.8"];
        var first = await Tool.RunAsync(["align", Prompt, .. options, "--out", folder.File("first")]);
        Assert.Equal((0, ""), (first.ExitCode, first.ExitCode == 0 ? "" : first.Error));
        foreach (var name in new[] { "before", "after", "side-by-side" })
        {
            var picture = folder.File($"first/seed-3/{name}.png");
            var again = await Tool.RunAsync("align", "--from", picture, "--out", folder.File(name));
            Assert.Equal((0, ""), (again.ExitCode, again.ExitCode == 0 ? "" : again.Error));
            Assert.Equal(
                ImageFile.Load(folder.File("first/seed-3/after.png")).Pixels,
                ImageFile.Load(folder.File($"{name}/seed-3/after.png")).Pixels
            );
        }
        var wrong = await Tool.RunAsync("generate", "--from", folder.File("first/seed-3/after.png"), "--out", folder.File("wrong"));
        Assert.Equal(1, wrong.ExitCode);
        Assert.Contains("was made by align; use imgalign align --from", wrong.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_picture_that_was_given_is_asked_for_again_and_marked_as_a_composite()
    {
        var given = await GenerateAsync("--seed", "1");
        var made = await Tool.RunAsync("generate", Prompt, "--image", given, "--strength", "0.5", "--out", folder.File("made"));
        Assert.Equal((0, ""), (made.ExitCode, made.ExitCode == 0 ? "" : made.Error));
        var picture = folder.File("made/seed-0.png");
        Assert.EndsWith("/compositeWithTrainedAlgorithmicMedia", SourceType(picture), StringComparison.Ordinal);

        Assert.Contains("give it as --image", await RefusalAsync("--from", picture), StringComparison.Ordinal);
        Assert.Contains("give the one of then", await RefusalAsync("--from", picture, "--image", picture), StringComparison.Ordinal);
        var again = await Tool.RunAsync("generate", "--from", picture, "--image", given, "--out", folder.File("again"));
        Assert.Equal((0, ""), (again.ExitCode, again.ExitCode == 0 ? "" : again.Error));
        Assert.Equal(ImageFile.Load(picture).Pixels, ImageFile.Load(folder.File("again/seed-0.png")).Pixels);

        // A picture that was given stays as it was, but for its texts.
        var aligned = await Tool.RunAsync("align", Prompt, "--image", given, "--steps", "2", "--no-gate", "--out", folder.File("aligned"));
        Assert.Equal((0, ""), (aligned.ExitCode, aligned.ExitCode == 0 ? "" : aligned.Error));
        Assert.Null(PngTextReader.Find(folder.File("aligned/seed-0/before.png"), "imgalign", "save it again"));
        Assert.EndsWith(
            "/compositeWithTrainedAlgorithmicMedia",
            SourceType(folder.File("aligned/seed-0/after.png")),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Models_are_named_again_and_compared_and_no_path_is_in_the_picture()
    {
        var model = Path.Combine(TestData.Golden, "sdxl", "checkpoint");
        string[] sizes = ["--width", "64", "--height", "64", "--steps", "2"];
        var made = await Tool.RunAsync(["generate", Prompt, "--model", model, .. sizes, "--out", folder.File("made")]);
        Assert.Equal((0, ""), (made.ExitCode, made.ExitCode == 0 ? "" : made.Error));
        var picture = folder.File("made/seed-0.png");
        foreach (var keyword in new[] { "parameters", "imgalign" })
            Assert.DoesNotContain(TestData.Golden, PngTextReader.Find(picture, keyword, "save it again"), StringComparison.Ordinal);
        Assert.DoesNotContain(folder.Path, PngTextReader.Find(picture, "imgalign", "save it again"), StringComparison.Ordinal);
        Assert.Contains("Model: checkpoint,", PngTextReader.Find(picture, "parameters", "save it again"), StringComparison.Ordinal);

        Assert.Contains("give --model", await RefusalAsync("--from", picture), StringComparison.Ordinal);
        folder.Link(model, "other", name => name == "scheduler");
        folder.Link(Path.Combine(model, "scheduler"), "other/scheduler");
        File.WriteAllText(folder.File("other/added.txt"), "another folder");
        Assert.Contains(
            "made with Sdxl:ModelPath of folder-sha256:",
            await RefusalAsync("--from", picture, "--model", folder.File("other")),
            StringComparison.Ordinal
        );
        var again = await Tool.RunAsync("generate", "--from", picture, "--model", model, "--out", folder.File("again"));
        Assert.Equal((0, ""), (again.ExitCode, again.ExitCode == 0 ? "" : again.Error));
        Assert.Equal(ImageFile.Load(picture).Pixels, ImageFile.Load(folder.File("again/seed-0.png")).Pixels);
    }

    [Theory]
    [InlineData("--overwrite")]
    [InlineData("--out")]
    [InlineData("--config")]
    [InlineData("SHA-256 of --question-file")]
    public async Task A_picture_asks_for_nothing_but_what_pictures_depend_on(string option)
    {
        var record =
            $$$"""{"command": "generate", "asked": {"prompt": "{{{Prompt}}}", "{{{option}}}": "x"}, "configuration": {}, "sources": {}}""";
        var picture = folder.File("asking.png");
        ImageFile.SavePng(picture, new RgbImage(1, 1, [0, 0, 0]), new Dictionary<string, string> { ["imgalign"] = record });
        Assert.Contains(
            $"made with {option}, which generate does not take",
            await RefusalAsync("--from", picture),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task The_tiny_checkpoints_of_the_samples_take_presets()
    {
        var config = Path.Combine(TestData.Golden, "..", "..", "samples", "tiny.json");
        var output = folder.File("tiny");
        string[] sizes = ["--width", "64", "--height", "64", "--out", output];
        var run = await Tool.RunAsync(["generate", Prompt, "--config", config, "--preset", "lightning-4", .. sizes]);
        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        using var record = JsonDocument.Parse(File.ReadAllText(Path.Combine(output, "seed-0.json")));
        var preset = record.RootElement.GetProperty("preset");
        Assert.Equal(("lightning-4", "not checked"), (preset.GetProperty("name").GetString(), preset.GetProperty("check").GetString()));
        Assert.Equal(4, record.RootElement.GetProperty("steps").GetInt32());
    }

    [Fact]
    public async Task A_flag_that_was_off_stays_off()
    {
        string[] off = ["--no-gate", "false", "--no-critique", "--steps", "2"];
        var first = await Tool.RunAsync(["align", Prompt, .. off, "--out", folder.File("first")]);
        Assert.Equal((0, ""), (first.ExitCode, first.ExitCode == 0 ? "" : first.Error));
        var again = await Tool.RunAsync("align", "--from", folder.File("first/seed-0/before.png"), "--out", folder.File("again"));
        Assert.Equal((0, ""), (again.ExitCode, again.ExitCode == 0 ? "" : again.Error));
        using var record = JsonDocument.Parse(File.ReadAllText(folder.File("again/seed-0/record.json")));
        var asked = record.RootElement.GetProperty("asked");
        Assert.Equal(("false", ""), (asked.GetProperty("--no-gate").GetString(), asked.GetProperty("--no-critique").GetString()));
    }

    [Fact]
    public async Task An_option_leaves_all_of_it_out()
    {
        var picture = await GenerateAsync("--no-metadata");
        foreach (var keyword in new[] { "parameters", "imgalign", "XML:com.adobe.xmp" })
            Assert.Null(PngTextReader.Find(picture, keyword, "save it again"));
        Assert.Contains("holds no record of its making", await RefusalAsync("--from", picture), StringComparison.Ordinal);
        Assert.Contains(
            "leave the prompt",
            await RefusalAsync("a blue cross", "--from", (await GenerateAsync("--seed", "9"))),
            StringComparison.Ordinal
        );
    }

    public static TheoryData<string, string, string?> Cases()
    {
        var data = new TheoryData<string, string, string?>();
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(TestData.Golden, "..", "pictures", "parameters.json")));
        foreach (var item in json.RootElement.GetProperty("cases").EnumerateArray())
        {
            var read = item.GetProperty("read");
            data.Add(
                item.GetProperty("text").GetString()!,
                string.Join('\n', read.GetProperty("prompts").EnumerateArray()),
                read.GetProperty("negative") is var negative && negative.GetArrayLength() > 0 ? negative[0].GetString() : null
            );
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Texts_of_other_programs_are_read(string text, string prompt, string? negative)
    {
        var row = PictureParameters.Read(text);
        Assert.Equal(PictureParameters.OneLine(prompt), row.Prompt);
        Assert.Equal(negative is null ? null : PictureParameters.OneLine(negative), row.NegativePrompt);
    }

    [Theory]
    [InlineData("plain ASCII")]
    [InlineData("ein rotes Würfelchen — 赤い立方体 🟥\nzweite Zeile")]
    [InlineData("")]
    public void Texts_come_back_as_they_were_and_pixels_too(string text)
    {
        var image = new RgbImage(2, 1, [1, 2, 3, 4, 5, 6]);
        var file = folder.File("texts.png");
        ImageFile.SavePng(file, image, new Dictionary<string, string> { ["first"] = "other", ["second"] = text });
        Assert.Equal(text, PngTextReader.Find(file, "second", "save it again"));
        Assert.Null(PngTextReader.Find(file, "third", "save it again"));
        Assert.Equal(image.Pixels, ImageFile.Load(file).Pixels);
        foreach (var (keyword, value) in new[] { ("", "x"), (new string('k', 80), "x"), ("ü", "x"), ("key", "a\0b") })
            Assert.Throws<ArgumentException>(() => ImageFile.EncodePng(image, new Dictionary<string, string> { [keyword] = value }));
    }

    [Fact]
    public void A_text_that_unpacks_to_too_much_is_refused()
    {
        var picture = folder.File("bomb.png");
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
            zlib.Write(new byte[64 << 20]);
        var png = ImageFile.EncodePng(new RgbImage(1, 1, [0, 0, 0]));
        File.WriteAllBytes(picture, [.. png[..33], .. Chunk("zTXt", [.. "imgalign\0\0"u8, .. packed.ToArray()]), .. png[33..]]);

        var before = GC.GetAllocatedBytesForCurrentThread();
        var refused = Assert.Throws<ImgAlignException>(() => PngTextReader.Find(picture, "imgalign", "save it again"));
        Assert.Contains("more than 4194304 bytes", refused.Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 32 << 20);
    }

    private static byte[] Chunk(string type, byte[] body)
    {
        byte[] typed = [.. Encoding.ASCII.GetBytes(type), .. body];
        var (length, sum) = (new byte[4], new byte[4]);
        BinaryPrimitives.WriteInt32BigEndian(length, body.Length);
        BinaryPrimitives.WriteUInt32BigEndian(sum, Crc32.HashToUInt32(typed));
        return [.. length, .. typed, .. sum];
    }

    private async Task<string> GenerateAsync(params string[] options)
    {
        var output = folder.File($"out-{Guid.NewGuid():N}");
        var run = await Tool.RunAsync(["generate", Prompt, .. options, "--out", output]);
        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        return run.Lines[0];
    }

    private async Task<string> RefusalAsync(params string[] options)
    {
        var run = await Tool.RunAsync(["generate", .. options, "--out", folder.File("refused")]);
        Assert.Equal(1, run.ExitCode);
        return Assert.Single(run.Error.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
    }

    private static string SourceType(string picture) =>
        MetadataExtractor
            .ImageMetadataReader.ReadMetadata(picture)
            .OfType<XmpDirectory>()
            .SelectMany(static directory => directory.GetXmpProperties())
            .Single(static property => property.Key.EndsWith("DigitalSourceType", StringComparison.Ordinal))
            .Value;
}
