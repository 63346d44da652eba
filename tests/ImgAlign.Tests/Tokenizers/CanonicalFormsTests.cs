using ImgAlign.Tokenizers;

namespace ImgAlign.Tests.Tokenizers;

public class CanonicalFormsTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("plain ASCII, é", "plain ASCII, é")]
    [InlineData("e\u0301", "\u00E9")]
    [InlineData("e\u0301\u0323", "\u1EB9\u0301")] // the mark below composes first, whatever comes first
    [InlineData("a\u0328\u0301\u0301", "\u0105\u0301\u0301")]
    [InlineData("\u0301e", "\u0301e")]
    [InlineData("\u212B\u2126\u212A", "\u00C5\u03A9K")] // singletons
    [InlineData("\u0958", "\u0915\u093C")] // excluded from composition
    [InlineData("\u0344", "\u0308\u0301")]
    [InlineData("\u1112\u1161\u11AB", "\uD55C")]
    [InlineData("\uD558\u11AB", "\uD55C")]
    [InlineData("\uD55C\u11AB", "\uD55C\u11AB")]
    [InlineData("\U00011099\U000110BA", "\U0001109A")]
    [InlineData("\U0001D15E", "\U0001D157\U0001D165")]
    public void Composes_as_Unicode_says(string text, string expected) => Assert.Equal(expected, CanonicalForms.Compose(text));

    [Theory]
    [InlineData("\u00E9\u1EB9\u0301", "e\u0301e\u0323\u0301")]
    [InlineData("\uD55C\uD558", "\u1112\u1161\u11AB\u1112\u1161")]
    [InlineData("\u212B", "A\u030A")]
    public void Decomposes_as_Unicode_says(string text, string expected) => Assert.Equal(expected, CanonicalForms.Decompose(text));

    [Fact]
    public void Half_a_surrogate_pair_is_replaced() => Assert.Equal("\uFFFDx\u0301", CanonicalForms.Compose("\uD800x\u0301"));

    [Fact]
    public void Endless_marks_are_sorted_in_reasonable_time()
    {
        var marks = string.Concat(Enumerable.Repeat("\u0301\u0323", 50_000));
        Assert.Equal("\u1EB9" + new string('\u0323', 49_999) + new string('\u0301', 50_000), CanonicalForms.Compose("e" + marks));
    }
}
