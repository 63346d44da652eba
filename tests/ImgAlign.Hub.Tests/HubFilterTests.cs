namespace ImgAlign.Hub.Tests;

public sealed class HubFilterTests
{
    // Expected values are those of Python's fnmatch.fnmatchcase.
    [Theory]
    [InlineData("*.json", "unet/config.json", true)]
    [InlineData("*.json", "config.jsonl", false)]
    [InlineData("config.json", "unet/config.json", false)]
    [InlineData("unet/", "unet/a/b.bin", true)]
    [InlineData("model-0000[1-3]*", "model-00002-of-9.bin", true)]
    [InlineData("model-0000[1-3]*", "model-00004-of-9.bin", false)]
    [InlineData("model-0000[!1-3]*", "model-00004-of-9.bin", true)]
    [InlineData("a[]]b", "a]b", true)]
    [InlineData("a[^x]b", "a^b", true)]
    [InlineData("a[^x]b", "acb", false)]
    [InlineData("a[b", "a[b", true)]
    [InlineData("a?c", "a/c", true)]
    [InlineData("a.c", "abc", false)]
    [InlineData("*.JSON", "config.json", false)]
    public void A_pattern_matches_as_Pythons(string pattern, string path, bool expected)
    {
        HubFile[] files = [new(path, 1, new string('0', 40)), new("other", 1, new string('1', 40))];
        var kept = new HubFilter(exclude: [pattern]).Select(files, "acme/tiny");
        Assert.Equal(expected, !kept.Contains(files[0]));
        if (expected)
            Assert.Contains(files[0], new HubFilter([pattern]).Select(files, "acme/tiny"));
    }

    [Fact]
    public void A_pattern_that_matches_nothing_is_said()
    {
        HubFile[] files = [new("config.json", 1, new string('0', 40))];
        var failure = Assert.Throws<HubException>(() => new HubFilter(["*.json", "*.onnx"]).Select(files, "acme/tiny"));
        Assert.Equal(HubError.FileNotFound, failure.Error);
        Assert.Contains("*.onnx", failure.Message, StringComparison.Ordinal);
        Assert.Throws<HubException>(() => new HubFilter(exclude: ["*"]).Select(files, "acme/tiny"));
    }

    [Fact]
    public void A_range_that_ends_before_it_begins_is_said() => Assert.Throws<HubException>(() => new HubFilter(["[z-a]"]));
}
