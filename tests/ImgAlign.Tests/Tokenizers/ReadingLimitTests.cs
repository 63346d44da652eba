using ImgAlign.Tokenizers;

namespace ImgAlign.Tests.Tokenizers;

public sealed class ReadingLimitTests
{
    [Theory]
    [InlineData("one two three", 3, null)]
    [InlineData("one two three four", 3, "four")]
    [InlineData("one  two\nthree four five ", 3, "four five")]
    [InlineData("one two", 0, "one two")]
    [InlineData("", 0, null)]
    public void What_is_not_read_begins_with_the_first_word_too_many(string text, int limit, string? expected) =>
        Assert.Equal(
            expected,
            ReadingLimit.Unread(text, limit, static text => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length)
        );

    [Fact]
    public void A_word_that_is_read_in_part_counts_as_unread() =>
        Assert.Equal("defgh", ReadingLimit.Unread("abc defgh", 5, static text => text.Count(char.IsLetter)));

    [Fact]
    public void Clip_reads_75_tokens_of_text()
    {
        var tokenizer = ClipTokenizer.Load(Path.Combine(TestData.Golden, "tokenizer", "clip-l"));
        var read = string.Join(' ', Enumerable.Repeat("cat", 75));
        Assert.Null(tokenizer.FindUnread(read));
        Assert.Equal("dog on a mat", tokenizer.FindUnread($"{read} dog on a mat"));
    }
}
