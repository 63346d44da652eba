namespace ImgAlign.Hub.Tests;

public sealed class HubReferenceTests
{
    [Theory]
    [InlineData("acme/tiny", HubRepositoryKind.Model, "acme/tiny", "main", null)]
    [InlineData("hf:acme/tiny", HubRepositoryKind.Model, "acme/tiny", "main", null)]
    [InlineData("acme/tiny@v1.0", HubRepositoryKind.Model, "acme/tiny", "v1.0", null)]
    [InlineData("acme/tiny@refs/pr/1:unet/config.json", HubRepositoryKind.Model, "acme/tiny", "refs/pr/1", "unet/config.json")]
    [InlineData("acme/tiny:a b@c:d.bin", HubRepositoryKind.Model, "acme/tiny", "main", "a b@c:d.bin")]
    [InlineData("datasets/acme/pairs@main", HubRepositoryKind.Dataset, "acme/pairs", "main", null)]
    public void A_name_is_read(string text, HubRepositoryKind kind, string repository, string revision, string? path)
    {
        var reference = HubReference.Parse(text);
        Assert.Equal((kind, repository, revision, path), (reference.Kind, reference.Repository, reference.Revision, reference.Path));
    }

    [Theory]
    [InlineData("")]
    [InlineData("tiny")]
    [InlineData("a/b/c")]
    [InlineData("./tiny")]
    [InlineData("../tiny")]
    [InlineData("/acme/tiny")]
    [InlineData("acme/..")]
    [InlineData("acme/a..b")]
    [InlineData("acme/a--b")]
    [InlineData("-acme/tiny")]
    [InlineData("acme/tiny.")]
    [InlineData("acme/tiny@")]
    [InlineData("acme/tiny@../../main")]
    [InlineData("acme/tiny:")]
    [InlineData("acme/tiny:../x")]
    [InlineData("acme/tiny\n")]
    [InlineData("https://huggingface.co/acme/tiny")]
    public void What_is_none_is_refused(string text)
    {
        Assert.False(HubReference.TryParse(text, out _));
        Assert.Equal(HubError.InvalidName, Assert.Throws<HubException>(() => HubReference.Parse(text)).Error);
    }

    [Theory]
    [InlineData("acme/tiny")]
    [InlineData("acme/tiny@v1:a")]
    [InlineData("datasets/acme/tiny@refs/pr/7:b c/d.e")]
    public void What_is_printed_is_read_as_the_same(string text)
    {
        Assert.Equal(text, HubReference.Parse(text).ToString());
        Assert.Equal(HubReference.Parse(text), HubReference.Parse(HubReference.Parse(text).ToString()));
    }
}
