using CsCheck;
using ImgAlign.Tests.Checkpoints;
using ImgAlign.Tokenizers;

namespace ImgAlign.Tests.Tokenizers;

public class QwenTokenizerTests
{
    private static readonly string Folder = Path.Combine(TestData.Golden, "tokenizer", "qwen");
    private static readonly QwenTokenizer Tokenizer = QwenTokenizer.Load(Folder);

    private static readonly string[] Fragments =
    [
        " ",
        "  ",
        "\n",
        "\r\n",
        "\t",
        "\u0085",
        "a",
        "the cat",
        "9",
        "𝟙",
        "'S",
        "'",
        "!?",
        "é",
        "e\u0301",
        "猫",
        "👨\u200D👩",
        "𝒜",
        "<tool_call>",
        "<|im_end|",
        "\0",
        "\uD83D",
    ];

    private static readonly Gen<string> Texts = Gen.OneOf(
        Gen.String,
        Gen.Int[0, Fragments.Length - 1].Array[0, 12].Select(picked => string.Concat(picked.Select(i => Fragments[i])))
    );

    [Fact]
    public void Decoding_gives_back_the_normalized_text() =>
        Texts.Sample(text => Assert.Equal(CanonicalForms.Compose(text), Tokenizer.Decode(Tokenizer.Encode(text))));

    [Fact]
    public void Words_are_those_of_the_pattern() =>
        Gen.Int[0, Fragments.Length - 1]
            .Array[0, 12]
            .Sample(picked =>
            {
                // .NET's expression is right as long as no character takes two code units.
                var text = string.Concat(picked.Select(i => Fragments[i]).Where(fragment => !fragment.Any(char.IsSurrogate)));
                var expected = System.Text.RegularExpressions.Regex.Matches(text, QwenWords.Pattern).Select(match => match.Value);
                Assert.Equal(expected, QwenWords.Split(text).Select(word => text[word]));
            });

    [Fact]
    public void Letters_and_digits_beyond_the_first_plane_are_letters_and_digits() =>
        Assert.Equal([" 𝒜𝒜", "𝟙", "𝟙", "!𝒜", "'ſ", "a"], QwenWords.Split(" 𝒜𝒜𝟙𝟙!𝒜'ſa").Select(word => " 𝒜𝒜𝟙𝟙!𝒜'ſa"[word]));

    [Fact]
    public void Both_forms_of_the_files_are_the_same_tokenizer()
    {
        using var folder = new TemporaryFolder();
        foreach (var name in (string[])["vocab.json", "merges.txt", "tokenizer_config.json"])
            File.Copy(Path.Combine(Folder, name), folder.File(name));
        var other = QwenTokenizer.Load(folder.Path);
        Texts.Sample(text => Assert.Equal(Tokenizer.Encode(text), other.Encode(text)));
        Assert.Equal(Tokenizer.IdOf("<|image_pad|>"), other.IdOf("<|image_pad|>"));
    }

    [Fact]
    public void Special_tokens_are_no_text_but_other_added_tokens_are()
    {
        var ids = Tokenizer.Encode("<|im_start|><tool_call><|im_end|>");
        Assert.Equal(3, ids.Count);
        Assert.Equal("<tool_call>", Tokenizer.Decode(ids));
        Assert.Equal("", Tokenizer.Decode([-1, 1_000_000]));
    }

    [Theory]
    [InlineData("tokenizer.json", "{", "not valid JSON")]
    [InlineData("tokenizer.json", "[1]", "own")]
    [InlineData("tokenizer.json", """{"model": {"type": "BPE"}}""", "another model")]
    [InlineData("tokenizer.json", """{"added_tokens": "many"}""", "added_tokens")]
    [InlineData(
        "tokenizer.json",
        """{"model": {"type": "Unigram"}, "normalizer": {"type": "NFC"}, "pre_tokenizer": {"pattern": "PATTERN"}}""",
        "'Unigram'"
    )]
    [InlineData(
        "tokenizer.json",
        """{"model": {"type": "BPE", "merges": [["a"]]}, "normalizer": {"type": "NFC"}, "pre_tokenizer": {"pattern": "PATTERN"}}""",
        "two tokens"
    )]
    [InlineData(
        "tokenizer.json",
        """{"model": {"type": "BPE", "vocab": {"a": 1}}, "normalizer": {"type": "NFC"}, "pre_tokenizer": {"pattern": "PATTERN"}}""",
        "is missing"
    )]
    [InlineData("vocab.json", "{\"a\": 1}", "tokenizer_config.json: the file is missing")]
    public void A_broken_folder_is_named(string file, string contents, string expected)
    {
        using var folder = new TemporaryFolder();
        folder.Write(
            file,
            contents.Replace("PATTERN", QwenWords.Pattern.Replace(@"\", @"\\", StringComparison.Ordinal), StringComparison.Ordinal)
        );
        var message = Assert.Throws<ImgAlignException>(() => QwenTokenizer.Load(folder.Path)).Message;
        Assert.Contains(folder.Path, message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
    }
}
