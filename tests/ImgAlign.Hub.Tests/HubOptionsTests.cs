namespace ImgAlign.Hub.Tests;

public sealed class HubOptionsTests : IDisposable
{
    private readonly string _home = Directory.CreateTempSubdirectory("imgalign-hub-").FullName;

    public void Dispose() => Directory.Delete(_home, recursive: true);

    [Fact]
    public void Defaults_are_those_of_Pythons_client()
    {
        var options = Read(("XDG_CACHE_HOME", _home));
        Assert.Equal(new Uri("https://huggingface.co"), options.Endpoint);
        Assert.Equal(Path.Combine(_home, "huggingface", "hub"), options.CacheFolder);
        Assert.Null(options.Token);
        Assert.False(options.Offline);
        Assert.True(options.UseSymbolicLinks);
        Assert.Equal((10, 10), (options.MetadataTimeout.TotalSeconds, options.DownloadTimeout.TotalSeconds));
    }

    [Fact]
    public void Every_variable_is_read()
    {
        var options = Read(
            ("HF_ENDPOINT", "http://mirror:8080/"),
            ("HF_HOME", _home),
            ("HF_TOKEN", " hf_a \n"),
            ("HF_HUB_OFFLINE", "yes"),
            ("HF_HUB_DISABLE_SYMLINKS", "1"),
            ("HF_HUB_ETAG_TIMEOUT", "3"),
            ("HF_HUB_DOWNLOAD_TIMEOUT", "30")
        );
        Assert.Equal(new Uri("http://mirror:8080"), options.Endpoint);
        Assert.Equal(Path.Combine(_home, "hub"), options.CacheFolder);
        Assert.Equal("hf_a", options.Token);
        Assert.True(options.Offline);
        Assert.False(options.UseSymbolicLinks);
        Assert.Equal((3, 30), (options.MetadataTimeout.TotalSeconds, options.DownloadTimeout.TotalSeconds));
        Assert.Equal("/elsewhere", Read(("HF_HOME", _home), ("HF_HUB_CACHE", "/elsewhere")).CacheFolder);
        Assert.True(Read(("TRANSFORMERS_OFFLINE", "TRUE")).Offline);
        Assert.Equal("hf_b", Read(("HUGGING_FACE_HUB_TOKEN", "hf_b")).Token);
    }

    [Fact]
    public void The_token_may_lie_in_a_file_and_may_be_kept_back()
    {
        File.WriteAllText(Path.Combine(_home, "token"), "hf_file\n");
        Assert.Equal("hf_file", Read(("HF_HOME", _home)).Token);
        Assert.Equal("hf_file", Read(("HF_HOME", _home), ("HF_TOKEN", "")).Token);
        Assert.Equal("hf_variable", Read(("HF_HOME", _home), ("HF_TOKEN", "hf_variable")).Token);
        Assert.Equal("hf_file", Read(("HF_HOME", "/elsewhere"), ("HF_TOKEN_PATH", Path.Combine(_home, "token"))).Token);
        Assert.Null(Read(("HF_HOME", _home), ("HF_TOKEN", "hf_variable"), ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")).Token);
    }

    [Theory]
    [InlineData("HF_ENDPOINT", "ftp://hub")]
    [InlineData("HF_HUB_ETAG_TIMEOUT", "soon")]
    [InlineData("HF_HUB_DOWNLOAD_TIMEOUT", "0")]
    public void A_value_that_cannot_be_used_is_said(string name, string value) =>
        Assert.Contains(name, Assert.Throws<HubException>(() => Read((name, value))).Message, StringComparison.Ordinal);

    private static HubOptions Read(params (string Name, string Value)[] variables) =>
        new(variables.ToDictionary(variable => variable.Name, variable => variable.Value).GetValueOrDefault);
}
