using System.Text.Json;
using ImgAlign.Checkpoints;
using ImgAlign.Sampling;

namespace ImgAlign.Tests.Checkpoints;

public sealed class ConfigFileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Numbers_that_only_Python_writes_are_read_as_their_names()
    {
        var path = folder.Write(
            "config.json",
            """
            {"low": -Infinity, "high": [Infinity, NaN, 1.5], "text": "NaN, \"-Infinity\" and C:\\", "last": NaN}
            """
        );
        var json = ConfigFile.ReadJson(path);
        Assert.Equal("-Infinity", json.GetProperty("low").GetString());
        Assert.Equal(
            ["\"Infinity\"", "\"NaN\"", "1.5"],
            json.GetProperty("high").EnumerateArray().Select(static value => value.GetRawText())
        );
        Assert.Equal("NaN, \"-Infinity\" and C:\\", json.GetProperty("text").GetString());
    }

    [Fact]
    public void A_scheduler_whose_unused_limits_are_infinite_is_followed()
    {
        var path = folder.Write(
            "scheduler_config.json",
            """
            {"_class_name": "DPMSolverMultistepScheduler", "lambda_min_clipped": -Infinity, "use_karras_sigmas": true}
            """
        );
        Assert.True(SchedulerConfig.Read(path).UseKarrasSigmas);
    }

    [Fact]
    public void A_field_that_needs_a_number_is_named_when_it_is_none()
    {
        var path = folder.Write("scheduler_config.json", """{"shift": NaN}""");
        Assert.Contains("$.shift", Assert.Throws<ImgAlignException>(() => SchedulerConfig.Read(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_field_that_must_not_be_null_is_named_with_the_reason()
    {
        var path = folder.Write("scheduler_config.json", """{"shift": null}""");
        Assert.Contains(
            "field $.shift is null",
            Assert.Throws<ImgAlignException>(() => SchedulerConfig.Read(path)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_folder_is_not_called_missing() =>
        Assert.Contains(
            "this is a folder",
            Assert.Throws<ImgAlignException>(() => ConfigFile.ReadJson(folder.Path)).Message,
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData("{\n\"a\": Infinity,\n\"b\": }")]
    [InlineData("{\n\"a\": 1,\n\"b\": Nan}")]
    [InlineData("{\n\"a\": \"NaN\",\n\"b\": tru}")]
    public void What_is_no_JSON_even_so_is_named_with_its_line(string text)
    {
        var path = folder.Write("config.json", text);
        Assert.Contains("line 3", Assert.Throws<ImgAlignException>(() => ConfigFile.ReadJson(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_byte_order_mark_is_no_error() =>
        Assert.Equal(
            JsonValueKind.Object,
            ConfigFile.ReadJson(folder.Write("config.json", [0xEF, 0xBB, 0xBF, (byte)'{', (byte)'}'])).ValueKind
        );
}
