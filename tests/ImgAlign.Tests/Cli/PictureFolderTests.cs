using System.Text;
using ImgAlign.Cli.Jobs;
using ImgAlign.Imaging;
using ImgAlign.Tests.Checkpoints;
using ImgAlign.Tests.Imaging;
using ImgAlign.Tests.ShapeWorld;

namespace ImgAlign.Tests.Cli;

/// <summary><c>--image FOLDER</c>: pictures with their prompts.</summary>
public sealed class PictureFolderTests : IDisposable
{
    private const string Prompt = "a red circle left of a blue square";
    private const int HeaderEnd = 33; // signature and IHDR

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Prompts_are_beside_the_pictures_or_in_them()
    {
        folder.Write("b.PNG", Png($"parameters\0{Prompt},\nbright\nNegative prompt: a dog,\n a cat\nSteps: 20, Seed: 3"));
        folder.Write("a.png", Png("parameters\0not this"));
        folder.Write("a.txt", $" {Prompt}\r\n");
        folder.Write("c.jpg", [1, 2, 3]);
        folder.Write("c.txt", "a dog");
        folder.Write("notes.md", "no picture");

        Assert.Equal(
            [
                ("a", new PromptRow(Prompt) { ImageFile = folder.File("a.png") }),
                ("b", new PromptRow($"{Prompt}, bright") { NegativePrompt = "a dog, a cat", ImageFile = folder.File("b.PNG") }),
                ("c", new PromptRow("a dog") { ImageFile = folder.File("c.jpg") }),
            ],
            PictureFolder.Read(folder.Path)
        );
    }

    [Theory]
    [InlineData("there is no picture in this folder")]
    [InlineData("a.png: this is no PNG, or a damaged one; write the prompt into", "a.png")]
    [InlineData("a.jpg: this picture has no prompt; write it into", "a.jpg")]
    [InlineData("a.png: this picture has no prompt; write it into", "a.png", "a.txt")]
    [InlineData("have the same name", "a.png", "A.jpg")]
    public void What_is_missing_is_said(string expected, params string[] files)
    {
        foreach (var file in files)
            folder.Write(file, "");
        var error = Assert.Throws<ImgAlignException>(() => PictureFolder.Read(folder.Path));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_negative_prompt_alone_is_no_prompt()
    {
        folder.Write("a.png", Png("parameters\0Negative prompt: blurry\nSteps: 20"));
        var error = Assert.Throws<ImgAlignException>(() => PictureFolder.Read(folder.Path));
        Assert.Contains("this picture has no prompt", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_pictures_are_aligned_and_one_that_is_broken_does_not_end_the_run()
    {
        Assert.True(Directory.Exists(EmbeddedWorld.Folder.Root));
        folder.Write("pictures/a.png", Png($"parameters\0{Prompt}"));
        folder.Write("pictures/broken.png", [1, 2, 3]);
        folder.Write("pictures/broken.txt", Prompt);

        var run = await RunAsync();
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("1 of 2 failed", run.Error, StringComparison.Ordinal);
        Assert.True(File.Exists(folder.File("out/a-seed-0/after.png")));
        Assert.Contains("broken-seed-0", File.ReadAllText(folder.File("out/align-failures.jsonl")), StringComparison.Ordinal);

        folder.Write("pictures/broken.png", Png($"parameters\0{Prompt}"));
        var again = await RunAsync();
        Assert.Equal(0, again.ExitCode);
        Assert.Contains("1 of 2 are done already", again.Error, StringComparison.Ordinal);
        Assert.True(File.Exists(folder.File("out/broken-seed-0/after.png")));

        folder.Write("pictures/a.png", Png($"parameters\0{Prompt}\nSteps: 3"));
        var ofAnother = await RunAsync();
        Assert.Equal(1, ofAnother.ExitCode);
        Assert.Contains("this result was made with SHA-256 of --image", ofAnother.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Results_do_not_go_among_the_pictures()
    {
        folder.Write("a.png", Png($"parameters\0{Prompt}"));
        var run = await Tool.RunAsync("generate", "--image", folder.Path + Path.DirectorySeparatorChar, "--out", folder.Path);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("the folder of the pictures themselves", run.Error, StringComparison.Ordinal);
    }

    private Task<ToolRun> RunAsync() =>
        Tool.RunAsync("align", "--image", folder.File("pictures"), "--steps", "2", "--out", folder.File("out"));

    private static byte[] Png(string text)
    {
        var picture = ImageFile.EncodePng(TestImages.Noise(32, 32));
        return [.. picture[..HeaderEnd], .. TestImages.PngChunk("tEXt"u8, Encoding.Latin1.GetBytes(text)), .. picture[HeaderEnd..]];
    }
}
