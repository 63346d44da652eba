using CsCheck;
using ImgAlign.Tokenizers;

namespace ImgAlign.Tests.Tokenizers;

/// <summary>Beside the golden cases of <c>prompt-parse</c>.</summary>
public sealed class PromptNotationTests
{
    [Theory]
    [InlineData(@"(a:1.3)\", "a*1.3")]
    [InlineData("a\u001CBREAK\u2003b", "a*1|b*1")]
    [InlineData("BREAK²", "BREAK²*1")]
    [InlineData("(a:١)", "a:١*1.1")]
    [InlineData("([a)(b]:2)", "a*1|b*1.8181818181818181")]
    public void Reads(string prompt, string expected)
    {
        var fragments = PromptNotation.Parse(prompt).Where(static fragment => fragment.Weight is not null);
        var actual = fragments.Select(static fragment => FormattableString.Invariant($"{fragment.Text}*{fragment.Weight}"));
        Assert.Equal(expected, string.Join('|', actual));
    }

    [Fact]
    public void Anything_is_a_prompt()
    {
        var texts = Gen.String[Gen.Char["()[]\\:.1- \naB"], 0, 40];
        texts.Sample(static text =>
        {
            var fragments = PromptNotation.Parse(text);
            Assert.NotEmpty(fragments);
            Assert.All(fragments.Zip(fragments.Skip(1)), static pair => Assert.NotEqual(pair.First.Weight, pair.Second.Weight));
        });
        Gen.String.AlphaNumeric.Sample(static text => Assert.Equal(new PromptFragment(text, 1), Assert.Single(PromptNotation.Parse(text))));
    }

    [Fact]
    public void Who_reads_words_alone_reads_no_notation() =>
        Assert.Equal("a red cube on (a) table", PromptNotation.PlainText(@"a (red:1.3) [cube] BREAK on \(a\) table"));

    [Fact]
    public void A_weight_too_large_for_a_float32_is_refused()
    {
        var tokenizer = ClipTokenizer.Load(Path.Combine(TestData.Golden, "tokenizer", "clip-l"));
        var error = Assert.Throws<ArgumentException>(() => PromptChunk.OfNotation(tokenizer, $"(a:1{new string('0', 39)})"));
        Assert.Contains("\"a\"", error.Message, StringComparison.Ordinal);
    }
}
