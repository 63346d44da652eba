using System.Globalization;
using System.Text.Json;
using ImgAlign.Cli;
using ImgAlign.Cli.Align;
using ImgAlign.Tests.Checkpoints;

namespace ImgAlign.Tests.Cli;

/// <summary>How words of a command line are read, and how messages are written.</summary>
public sealed class CommandLineTests : IDisposable
{
    private const string Prompt = "a red circle left of a blue square";

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("1", Prompt)]
    [InlineData("1", "--scale", "0.3", Prompt)]
    [InlineData("1", "--no-critique", Prompt)]
    [InlineData("1", "2", Prompt)]
    public async Task A_prompt_may_follow_the_seeds(params string[] words)
    {
        var run = await Tool.RunAsync(["align", "--seed", .. words, "--steps", "1", "--out", folder.File("out")]);
        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        Assert.Contains(Prompt, run.Lines[1], StringComparison.Ordinal); // the scores of the first picture come before
    }

    [Fact]
    public void A_full_disk_is_answered_with_what_to_do()
    {
        if (!File.Exists("/dev/full"))
            return; // Linux has it: a file that is always full
        var exception = Assert.Throws<IOException>(static () => File.WriteAllBytes("/dev/full", [1]));
        Assert.EndsWith(
            "free some space, or write to another folder.",
            CommandLineProgram.OneSentence(exception),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("1 2", "7", "7", 1, 2)]
    [InlineData("1 2 a-cat", null, "a-cat", 1, 2)]
    [InlineData("", "a cat", "a cat", 0)]
    public void Seeds_and_prompt_are_told_apart(string words, string? prompt, string expected, params int[] seeds)
    {
        var read = SeedOption.Read(words.Split(' ', StringSplitOptions.RemoveEmptyEntries), prompt);
        Assert.Equal(expected, read.Prompt);
        Assert.Equal(seeds.Select(static seed => (long)seed), read.Seeds);
    }

    [Theory]
    [InlineData("There is no prompt")]
    [InlineData("There is no prompt", "--seed", "1", "2")]
    [InlineData("--seed is 'a cat'", "--seed", "a cat")]
    [InlineData("--seed is '--no-gates'", "--seed", "1", "--no-gates")]
    [InlineData("--no-gates is not an option of align", "--no-gates")]
    public async Task A_command_line_without_a_prompt_is_refused(string message, params string[] words)
    {
        var run = await Tool.RunAsync(["align", .. words]);
        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith(message, run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("@midjourney style", "@midjourney style")]
    [InlineData("@/etc/hostname", "@/etc/hostname")]
    [InlineData("-5 degrees", "-5 degrees")]
    [InlineData("--cat", "--", "--cat")]
    public async Task Text_is_text(string prompt, params string[] words)
    {
        var run = await Tool.RunAsync(["align", "--out", folder.File("out"), .. words]);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains($"ShapeWorld cannot draw '{prompt}'", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Control_characters_are_escaped_and_line_breaks_stay_readable()
    {
        var run = await Tool.RunAsync("align", "a cat\nwith \u001b[31mfur\u202e", "--out", folder.File("out"));
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(@"a cat\nwith \u001B[31mfur\u202E", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', run.Error);
        Assert.Equal(@"a\tb\r\u0085é😀", UntrustedText.Escape("a\tb\r\u0085é😀"));
    }

    [Fact]
    public async Task Numbers_do_not_depend_on_the_culture()
    {
        var culture = CultureInfo.CurrentCulture;
        var german = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        (german.NumberFormat.NumberDecimalSeparator, german.NumberFormat.NumberGroupSeparator) = (",", ".");
        try
        {
            CultureInfo.CurrentCulture = german;
            var run = await Tool.RunAsync("align", Prompt, "--scale", "0.2", "--steps", "1", "--no-critique", "--out", folder.File("out"));
            Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }
        using var record = JsonDocument.Parse(File.ReadAllText(folder.File("out/seed-0/record.json")));
        Assert.Equal(0.2, record.RootElement.GetProperty("imagePromptScale").GetDouble());
    }
}
