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
    public void Half_a_character_is_unknown_and_not_an_error() =>
        Assert.NotEmpty(T5Tokenizer.Load(Folder).Encode("a \ud83d b", 8));

    [Theory]
    [InlineData("spiece.model", "no model")]
    [InlineData("spiece.model", "")]
    [InlineData("tokenizer.json", "{}")]
    [InlineData("tokenizer.json", """{"model": {"type": "Unigram", "unk_id": 0, "vocab": [["a"]]}}""")]
    [InlineData("tokenizer.json", """{"model": {"type": "BPE", "vocab": {}}}""")]
    public void A_broken_file_is_named(string name, string content)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(Path.Combine(folder.Path, name), content);

        Assert.Contains(name, Assert.Throws<ImgAlignException>(() => T5Tokenizer.Load(folder.Path)).Message, StringComparison.Ordinal);
    }
}
