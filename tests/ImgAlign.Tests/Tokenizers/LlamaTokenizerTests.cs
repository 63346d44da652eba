using System.Text.Json.Nodes;
using CsCheck;
using ImgAlign.Detectors;
using ImgAlign.Tests.Checkpoints;
using ImgAlign.Tokenizers;

namespace ImgAlign.Tests.Tokenizers;

public class LlamaTokenizerTests
{
    private static readonly string Folder = Path.Combine(TestData.Golden, "tokenizer", "llama");
    private static readonly LlamaTokenizer Tokenizer = LlamaTokenizer.Load(Folder);

    private static readonly string[] Fragments =
    [
        " ",
        "  ",
        "▁",
        "\n",
        "\t",
        "a",
        "the cat",
        "9",
        "<",
        "0x41>",
        "é",
        "e\u0301",
        "猫",
        "👨\u200D👩",
        "<image>",
        "\0",
    ];

    private static readonly Gen<string> Texts = Gen.OneOf(
        Gen.String,
        Gen.Int[0, Fragments.Length - 1].Array[0, 12].Select(picked => string.Concat(picked.Select(i => Fragments[i])))
    );

    [Fact]
    public void Decoding_gives_back_what_was_encoded() =>
        Texts.Sample(text =>
        {
            var expected = string.Concat(text.EnumerateRunes()).Replace('▁', ' ');
            if (!text.Contains("<s>", StringComparison.Ordinal) && !text.Contains("</s>", StringComparison.Ordinal))
                Assert.Equal(expected, Tokenizer.Decode(Tokenizer.Encode(text)));
        });

    [Fact]
    public void Ids_are_of_the_vocabulary() =>
        Texts.Sample(text => Assert.All(Tokenizer.Encode(text), id => Assert.InRange(id, 0, Tokenizer.VocabularySize - 1)));

    [Theory]
    [InlineData("  ", new[] { 275, 1320 })] // ties go to the left
    // no bytes, just characters
    [InlineData("<0x41><0x0A>", new[] { 416, 1356, 1391, 1365, 1361, 1383, 1382, 1356, 1391, 1356, 1344, 1383 })]
    [InlineData("\0\u0001", new[] { 1320, 3, 4 })]
    public void Reads_as_sentencepiece_does(string text, int[] expected) => Assert.Equal(expected, Tokenizer.Encode(text, addBos: false));

    [Fact]
    public void Only_the_legacy_way_puts_a_space_after_a_special_token()
    {
        var legacy = Tokenizer.Encode("</s>a", addBos: false, legacy: true);
        Assert.Equal([Tokenizer.EndId, .. Tokenizer.Encode("a", addBos: false)], legacy);
        Assert.NotEqual(legacy, Tokenizer.Encode("</s>a", addBos: false, legacy: false));
        Assert.False(Tokenizer.Legacy);
        Assert.Equal(Tokenizer.Encode("</s>a", legacy: false), Tokenizer.Encode("</s>a"));
    }

    [Fact]
    public void Answers_are_read_without_special_tokens_and_with_broken_bytes_replaced()
    {
        Assert.Equal("", Tokenizer.Decode([]));
        Assert.Equal(
            "a",
            Tokenizer.Decode([.. Tokenizer.Encode("a"), Tokenizer.EndId, Tokenizer.VocabularySize, 99_999, LlavaPrompt.ImageId])
        );
        var bytes = Tokenizer.Encode("𠀀", addBos: false);
        Assert.Equal("\uFFFD", Tokenizer.Decode(bytes.SkipLast(1)));
    }

    [Theory]
    [InlineData("a")]
    [InlineData("the cat ")]
    [InlineData("🐶")]
    [InlineData("</s>")]
    public void Texts_of_a_hundred_thousand_characters_are_read(string part)
    {
        var text = string.Concat(Enumerable.Repeat(part, 100_000 / part.Length));
        var ids = Tokenizer.Encode(text);
        Assert.Equal(part == "</s>" ? "" : text, Tokenizer.Decode(ids));
    }

    [Fact]
    public void Images_stand_between_chunks_that_each_begin_anew()
    {
        var chunk = Tokenizer.Encode("\na", addBos: false);
        Assert.Equal([Tokenizer.BeginId, -200, .. chunk, -200], LlavaPrompt.Tokenize(Tokenizer, "<image>\na<image>"));
        Assert.Equal([Tokenizer.BeginId], LlavaPrompt.Tokenize(Tokenizer, ""));
    }

    [Fact]
    public void Both_published_files_give_the_same_ids()
    {
        using var folder = new TemporaryFolder();
        foreach (var name in (string[])["tokenizer.json", "tokenizer_config.json"])
            File.Copy(Path.Combine(Folder, name), folder.File(name));
        var newer = LlamaTokenizer.Load(folder.Path);
        Assert.Equal(
            (Tokenizer.VocabularySize, Tokenizer.BeginId, Tokenizer.EndId, Tokenizer.UnknownId, Tokenizer.Legacy),
            (newer.VocabularySize, newer.BeginId, newer.EndId, newer.UnknownId, newer.Legacy)
        );
        Texts.Sample(text => Assert.Equal(Tokenizer.Encode(text), newer.Encode(text)));
    }

    [Theory]
    [InlineData("null", true)]
    [InlineData("""{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": false}""", false)]
    [InlineData("""{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": false}""", true)]
    public void The_newer_file_alone_says_whether_special_tokens_are_followed_by_a_space(string preTokenizer, bool expected)
    {
        using var folder = new TemporaryFolder();
        var json = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "tokenizer.json")))!;
        json["pre_tokenizer"] = JsonNode.Parse(preTokenizer);
        folder.Write("tokenizer.json", json.ToJsonString());
        Assert.Equal(expected, LlamaTokenizer.Load(folder.Path).Legacy);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"model": {"type": "BPE", "byte_fallback": false, "vocab": {}, "merges": []}}""")]
    [InlineData("""{"model": {"type": "BPE", "byte_fallback": true, "vocab": {"<s>": 7}, "merges": []}}""")]
    [InlineData("""{"model": {"type": "BPE", "byte_fallback": true, "vocab": {"<s>": 0, "</s>": 1, "<unk>": 2}, "merges": []}}""")]
    public void A_broken_newer_file_is_named(string contents)
    {
        using var folder = new TemporaryFolder();
        folder.Write("tokenizer.json", contents);
        Assert.Contains(
            "tokenizer.json",
            Assert.Throws<ImgAlignException>(() => LlamaTokenizer.Load(folder.Path)).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(null, "missing")]
    [InlineData("", "tokenizer.model")]
    [InlineData("version https://git-lfs.github.com/spec/v1", "download the file again")]
    public void A_broken_model_is_named(string? contents, string expected)
    {
        using var folder = new TemporaryFolder();
        if (contents is not null)
            folder.Write("tokenizer.model", contents);
        var message = Assert.Throws<ImgAlignException>(() => LlamaTokenizer.Load(folder.Path)).Message;
        Assert.Contains("tokenizer.model", message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_model_is_refused_or_read_but_never_crashes()
    {
        var model = File.ReadAllBytes(Path.Combine(Folder, "tokenizer.model"));
        using var folder = new TemporaryFolder();
        var random = new Random(3);
        for (var i = 0; i < 60; i++)
        {
            var damaged = model[..(i % 2 == 0 ? random.Next(model.Length) : model.Length)];
            for (var k = 0; k < 8 && damaged.Length > 0; k++)
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            folder.Write("tokenizer.model", damaged);
            if (Record.Exception(() => LlamaTokenizer.Load(folder.Path).Encode("a cat")) is { } exception)
                Assert.IsType<ImgAlignException>(exception);
        }
    }
}
