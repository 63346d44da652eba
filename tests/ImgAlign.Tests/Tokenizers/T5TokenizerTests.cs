using ImgAlign.Tests.Checkpoints;
using ImgAlign.Tokenizers;

namespace ImgAlign.Tests.Tokenizers;

public class T5TokenizerTests
{
    private static readonly string Folder = Path.Combine(TestData.Golden, "tokenizer", "t5");

    [Theory]
    [InlineData("")]
    [InlineData("A photo of a cat, 12 dogs & ½ ﬁsh   猫")]
    [InlineData("x</s>y <extra_id_7> <pad>")]
    public void Both_published_files_give_the_same_ids(string text)
    {
        using var folder = new TemporaryFolder();
        File.Copy(Path.Combine(Folder, "tokenizer.json"), Path.Combine(folder.Path, "tokenizer.json"));

        Assert.Equal(T5Tokenizer.Load(Folder).Encode(text, 40), T5Tokenizer.Load(folder.Path).Encode(text, 40));
    }

    [Fact]
    public void A_long_text_is_cut_before_its_end_token()
    {
        var tokenizer = T5Tokenizer.Load(Folder);

        var ids = tokenizer.Encode("one two three four five six seven", 4, out var used);

        Assert.Equal(4, used);
        Assert.Equal(tokenizer.EndId, ids[^1]);
        Assert.DoesNotContain((long)tokenizer.EndId, ids[..^1]);
    }

    [Fact]
    public void Half_a_character_is_unknown_and_not_an_error() => Assert.NotEmpty(T5Tokenizer.Load(Folder).Encode("a \ud83d b", 8));

    /// <summary>As sentencepiece's nmt_nfkc; what it does not remove (0, 0x80 to 0x8E, …) is unknown.</summary>
    [Fact]
    public void Control_characters_are_removed()
    {
        var tokenizer = T5Tokenizer.Load(Folder);
        var expected = tokenizer.Encode("a photo of cats", 20);
        int[] removed = [.. Enumerable.Range(1, 8), 0x0B, .. Enumerable.Range(0x0E, 0x12), 0x7F, 0x8F, 0x9F];

        Assert.All(
            removed,
            value =>
            {
                var control = (char)value;
                Assert.Equal(expected, tokenizer.Encode($"{control}a pho{control}to {control}of{control} cats{control}", 20));
            }
        );
        Assert.Equal(expected, tokenizer.Encode("\ta\nphoto\u000Cof\u200Bcats\r\n", 20));
    }

    [Fact]
    public void A_damaged_model_is_refused_or_read_but_never_crashes()
    {
        var model = File.ReadAllBytes(Path.Combine(Folder, "spiece.model"));
        using var folder = new TemporaryFolder();
        var random = new Random(4);
        for (var i = 0; i < 60; i++)
        {
            var damaged = model[..(i % 3 == 0 ? random.Next(model.Length) : model.Length)];
            for (var k = 0; k < 1 + i * 4 && damaged.Length > 0; k++)
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            folder.Write("spiece.model", damaged);
            if (Record.Exception(() => T5Tokenizer.Load(folder.Path).Encode("½ cat \u0001 ﬁsh 猫", 20)) is { } exception)
                Assert.IsType<ImgAlignException>(exception);
        }
    }

    [Theory]
    [InlineData(0)] // pieces
    [InlineData(30_000)] // the table of what is replaced
    public void A_model_with_a_hole_is_refused_or_read_but_never_crashes(int start)
    {
        var model = File.ReadAllBytes(Path.Combine(Folder, "spiece.model"));
        using var folder = new TemporaryFolder();
        for (var (i, random) = (0, new Random(5)); i < 60; i++)
        {
            var damaged = (byte[])model.Clone();
            damaged.AsSpan(start + random.Next(10_000), random.Next(1, 64)).Fill((byte)random.Next(256));
            folder.Write("spiece.model", damaged);
            if (Record.Exception(() => T5Tokenizer.Load(folder.Path).Encode("½ cat \u0001 ﬁsh 猫", 20)) is { } exception)
                Assert.IsType<ImgAlignException>(exception);
        }
    }

    [Theory]
    [InlineData("spiece.model", "no model")]
    [InlineData("spiece.model", "")]
    [InlineData("tokenizer.json", "{}")]
    [InlineData("tokenizer.json", """{"model": {"type": "Unigram", "unk_id": 0, "vocab": [["a"]]}}""")]
    [InlineData("tokenizer.json", """{"model": {"type": "BPE", "vocab": {}}}""")]
    [InlineData("tokenizer.json", """{"model": {"type": "Unigram", "unk_id": 7, "vocab": [["a", 0]]}}""")]
    [InlineData("tokenizer.json", """{"model": {"type": "Unigram", "unk_id": 0, "vocab": [["u", 0], ["a", 0], ["a", 0]]}}""")]
    [InlineData(
        "tokenizer.json",
        """{"model": {"type": "Unigram", "unk_id": 0, "vocab": [["u", 0], ["a", 0]]}, "normalizer": {"precompiled_charsmap": "AAAA"}}"""
    )]
    [InlineData(
        "tokenizer.json",
        """{"model": {"type": "Unigram", "unk_id": 0, "vocab": [["u", 0], ["a", 0]]}, "normalizer": {"precompiled_charsmap": "?"}}"""
    )]
    public void A_broken_file_is_named(string name, string content)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(Path.Combine(folder.Path, name), content);

        Assert.Contains(name, Assert.Throws<ImgAlignException>(() => T5Tokenizer.Load(folder.Path)).Message, StringComparison.Ordinal);
    }
}
