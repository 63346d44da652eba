using ImgAlign.Cli.Jobs;
using ImgAlign.Tests.Checkpoints;

namespace ImgAlign.Tests.Cli;

/// <summary>Files of prompts: text, JSON lines and CSV, read strictly.</summary>
public sealed class PromptFileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Text_has_a_prompt_a_line() =>
        Assert.Equal(
            [new PromptRow("a cat, asleep"), new PromptRow("\"a dog\"")],
            PromptFile.Read(folder.Write("p.txt", "a cat, asleep\r\n\r\n  \"a dog\"\n"))
        );

    [Fact]
    public void JSON_and_CSV_say_the_same()
    {
        var json = PromptFile.Read(
            folder.Write(
                "p.jsonl",
                """
                {"prompt": "a \"big\" cat, asleep", "negative": "a dog", "seed": 9007199254740993, "width": 64, "height": 32, "image": "1.png", "question": "Is it {prompt}?"}

                {"prompt": "a bird", "seed": null}
                """
            )
        );
        var csv = PromptFile.Read(
            folder.Write(
                "p.csv",
                """"
                seed,prompt,negative,image,question,width,height
                9007199254740993,"a ""big"" cat, asleep",a dog,1.png,Is it {prompt}?,64,32

                ,a bird,,,,,
                """"
            )
        );

        var cat = new PromptRow("a \"big\" cat, asleep")
        {
            NegativePrompt = "a dog",
            Seed = 9007199254740993,
            Size = new ImageSize(64, 32),
            ImageFile = folder.File("1.png"),
            Question = "Is it {prompt}?",
        };
        Assert.Equal([cat, new PromptRow("a bird")], json);
        Assert.Equal(json, csv);
    }

    [Theory]
    [InlineData("p.jsonl", "{\"prompt\": \"a\"}\n\n{\"prompt\": \"b\", \"sed\": 1}", "line 3: 'sed' is not known")]
    [InlineData("p.jsonl", "{\"prompt\": \"a\", \"seed\": \"1\"}", "line 1: 'seed' is \"1\"; it takes a number")]
    [InlineData("p.jsonl", "{\"prompt\": 5}", "line 1: 'prompt' is 5; it takes a text")]
    [InlineData("p.jsonl", "{\"prompt\": \"a\", \"seed\": 1.5}", "line 1: 'seed' is '1.5'")]
    [InlineData("p.jsonl", "{\"prompt\": \"a\", \"seed\": -1}", "line 1: 'seed' is '-1'")]
    [InlineData("p.jsonl", "{\"prompt\": \"a\", \"prompt\": \"b\"}", "line 1: not valid JSON")]
    [InlineData("p.jsonl", "{\"prompt\": \"a\"", "line 1: not valid JSON")]
    [InlineData("p.jsonl", "[\"a\"]", "line 1: a JSON object is needed")]
    [InlineData("p.jsonl", "{\"negative\": \"a\"}", "line 1: there is no prompt")]
    [InlineData("p.jsonl", "{\"prompt\": \"a\", \"width\": 64}", "line 1: give both width and height")]
    [InlineData("p.csv", "prompt,sed\na,1", "line 1: 'sed' is not known")]
    [InlineData("p.csv", "prompt,seed\na,1,2", "line 2: there are 3 fields, but the header has 2")]
    [InlineData("p.csv", "prompt,seed\na,1\nb", "line 3: there are 1 fields, but the header has 2")]
    [InlineData("p.csv", "prompt,seed\n,1", "line 2: there is no prompt")]
    [InlineData("p.csv", "prompt,seed\na \"b\" c,1", "line 2: not valid CSV")]
    [InlineData("p.csv", "prompt", "there is no prompt in it")]
    [InlineData("p.csv", "", "there is no prompt in it")]
    [InlineData("p.txt", "\n \n", "there is no prompt in it")]
    [InlineData("p.json", "[]", "is named .txt, .jsonl or .csv")]
    public void A_wrong_line_is_named(string name, string text, string expected)
    {
        var file = folder.Write(name, text);
        var error = Assert.Throws<ImgAlignException>(() => PromptFile.Read(file));
        Assert.StartsWith(file, error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Text_that_is_not_UTF_8_is_refused()
    {
        File.WriteAllBytes(folder.File("p.txt"), [0x61, 0xE9, 0x62]);
        Assert.Contains(
            "UTF-8",
            Assert.Throws<ImgAlignException>(() => PromptFile.Read(folder.File("p.txt"))).Message,
            StringComparison.Ordinal
        );
    }
}
