using ImgAlign.HubServer;
using Microsoft.AspNetCore.Http;

namespace ImgAlign.Hub.Tests;

/// <summary>What servers and networks do wrong: it is overcome or said, nothing is lost, and nothing is written elsewhere.</summary>
public sealed class BadServerTests
{
    private static readonly byte[] Bytes = HostedFile.RuleBytes(1_000_000, 5);
    private static readonly HostedFile Model = HostedFile.Large("unet/model.safetensors", Bytes);

    public static TheoryData<string> UnsafeNames =>
        ["../outside", "/etc/outside", "a/../../outside", "a/./b", "a//b", "a\\..\\outside", "..", "", "nul\0", "line\nbreak"];

    [Theory]
    [InlineData(429, "Retry-After", "0")]
    [InlineData(429, "RateLimit", "\"api\";r=0;t=0")]
    [InlineData(500, "X-Other", "")]
    [InlineData(503, "Retry-After", "0")]
    [InlineData(408, "X-Other", "")]
    public async Task An_answer_that_may_be_better_next_time_is_asked_for_again(int status, string header, string value)
    {
        await using var fixture = await HubFixture.StartAsync(Model);
        var refused = new HashSet<string>();
        fixture.Server.Intercept = context =>
        {
            lock (refused)
            {
                if (!refused.Add(context.Request.Path))
                    return Task.FromResult(false);
            }
            context.Response.StatusCode = status;
            context.Response.Headers[header] = value;
            return Task.FromResult(true);
        };
        await AssertWholeAsync(fixture);
    }

    [Fact]
    public async Task A_pause_that_is_too_long_is_said_at_once()
    {
        await using var fixture = await HubFixture.StartAsync(Model);
        fixture.Server.Intercept = context => Answer(context, 429, ("Retry-After", "4000"));
        var failure = await fixture.FailAsync();
        Assert.Equal(HubError.RateLimited, failure.Error);
        Assert.Contains("4000 s", failure.Message, StringComparison.Ordinal);
        Assert.Single(fixture.Server.Requests);
    }

    [Fact]
    public async Task Connections_that_break_and_stall_go_on_where_they_were()
    {
        await using var fixture = await HubFixture.StartAsync(Model);
        var count = 0;
        fixture.Server.Fault = _ =>
            (Interlocked.Increment(ref count) % 3) switch
            {
                0 => new ContentFault { BreakAfter = 66_000 },
                1 => new ContentFault { StallAfter = 33_000 },
                _ => null,
            };
        await AssertWholeAsync(fixture, timeout: TimeSpan.FromMilliseconds(500));
        Assert.Contains(
            fixture.Server.Requests,
            request =>
                request.Range is { } range
                && !range.Contains("00000-", StringComparison.Ordinal)
                && !range.Contains("=0-", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task A_slow_connection_is_waited_for()
    {
        await using var fixture = await HubFixture.StartAsync(Model);
        fixture.Server.Fault = _ => new ContentFault { Pause = TimeSpan.FromMilliseconds(200) };
        await AssertWholeAsync(fixture, timeout: TimeSpan.FromMilliseconds(500));
    }

    [Fact]
    public async Task A_server_that_breaks_off_every_time_is_given_up_and_what_came_is_kept()
    {
        await using var fixture = await HubFixture.StartAsync(Model);
        fixture.Server.Fault = request =>
            request.Range?.StartsWith("bytes=9", StringComparison.Ordinal) == true ? new ContentFault { BreakAfter = 1 } : null;
        Assert.Equal(HubError.Unreachable, (await fixture.FailAsync()).Error);
        Assert.DoesNotContain(
            fixture.CacheFiles(),
            file => file.Contains("snapshots", StringComparison.Ordinal) || file.EndsWith(Model.Lfs!, StringComparison.Ordinal)
        );

        fixture.Server.Fault = null;
        var before = fixture.Server.Requests.Count;
        await AssertWholeAsync(fixture);
        var again = fixture.Server.Requests.Skip(before).Where(request => request.Host == "cdn").ToArray();
        Assert.True(again.Length < 10, $"{again.Length} parts came again.");
        Assert.Contains(again, request => request.Range == "bytes=900000-999999");
    }

    [Fact]
    public async Task A_server_without_ranges_sends_the_whole()
    {
        await using var fixture = await HubFixture.StartAsync(
            new HostedRepository
            {
                Name = "acme/one",
                Commit = HubFixture.Commit,
                Files = [Model],
                ServesRanges = false,
            }
        );
        var breaks = 0;
        fixture.Server.Fault = request =>
            request.Range is null && Interlocked.Increment(ref breaks) == 1 ? new ContentFault { BreakAfter = 400_000 } : null;
        await AssertWholeAsync(fixture);
    }

    [Fact]
    public async Task Ranges_that_are_refused_are_given_up_for_the_whole()
    {
        await using var fixture = await HubFixture.StartAsync(Model);
        fixture.Server.Intercept = context => context.Request.Headers.Range.Count > 0 ? Answer(context, 416) : Task.FromResult(false);
        await AssertWholeAsync(fixture);
    }

    [Fact]
    public async Task A_416_for_the_whole_is_said()
    {
        await using var fixture = await HubFixture.StartAsync(Model);
        fixture.Server.Intercept = context =>
            context.Request.Path.StartsWithSegments("/repos") ? Answer(context, 416) : Task.FromResult(false);
        var failure = await fixture.FailAsync();
        Assert.Equal(HubError.Unreachable, failure.Error);
        Assert.Contains("416", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Content_that_is_wrong_once_is_fetched_again()
    {
        await using var fixture = await HubFixture.StartAsync(Model);
        var count = 0;
        fixture.Server.Fault = request =>
            request.Host == "cdn" && Interlocked.Increment(ref count) == 4 ? new ContentFault { IsAltered = true } : null;
        await AssertWholeAsync(fixture);
    }

    [Theory]
    [InlineData("model.safetensors", true)]
    [InlineData("config.json", false)]
    public async Task Content_that_is_always_wrong_gets_no_name(string path, bool isLarge)
    {
        await using var fixture = await HubFixture.StartAsync(isLarge ? HostedFile.Large(path, Bytes) : HostedFile.Small(path, "{}"));
        fixture.Server.Fault = _ => new ContentFault { IsAltered = true };
        Assert.Equal(HubError.Corrupt, (await fixture.FailAsync()).Error);
        Assert.Equal(["models--acme--one/refs/main", $"models--acme--one/trees/{HubFixture.Commit}.json"], fixture.CacheFiles());
    }

    [Theory]
    [InlineData(10)]
    [InlineData(2_000_000)]
    public async Task A_file_of_another_size_is_not_taken(int size)
    {
        await using var fixture = await HubFixture.StartAsync(Model);
        fixture.Server.Fault = _ => new ContentFault { OtherSize = size };
        Assert.Equal(HubError.Unreachable, (await fixture.FailAsync()).Error);
        fixture.Server.Fault = null;
        await AssertWholeAsync(fixture);
    }

    [Fact]
    public async Task A_signed_address_that_expires_is_asked_for_again()
    {
        await using var fixture = await HubFixture.StartAsync(Model);
        var served = 0;
        fixture.Server.Intercept = context =>
            context.Request.Path.StartsWithSegments("/repos") && Interlocked.Increment(ref served) % 4 == 0
                ? Answer(context, 403)
                : Task.FromResult(false);
        await AssertWholeAsync(fixture);
    }

    [Theory]
    [MemberData(nameof(UnsafeNames))]
    public async Task A_name_that_leads_elsewhere_stops_everything_before_the_first_file(string name)
    {
        await using var fixture = await HubFixture.StartAsync(Model, HostedFile.Small(name, "outside"));
        Assert.Equal(HubError.UnsafeName, (await fixture.FailAsync()).Error);
        Assert.Empty(fixture.CacheFiles());
        Assert.All(fixture.Server.Requests, request => Assert.StartsWith("/api/", request.Target, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_name_that_is_a_file_and_a_folder_stops_everything()
    {
        await using var fixture = await HubFixture.StartAsync(HostedFile.Small("a", "1"), HostedFile.Small("a/b", "2"));
        Assert.Equal(HubError.UnsafeName, (await fixture.FailAsync()).Error);
    }

    [Theory]
    [InlineData("../../../outside")]
    [InlineData("abc")]
    public async Task A_checksum_that_is_none_stops_everything(string checksum)
    {
        await using var fixture = await HubFixture.StartAsync(Model with { Lfs = checksum });
        Assert.Equal(HubError.UnsafeName, (await fixture.FailAsync()).Error);
        Assert.Equal(HubError.UnsafeName, (await fixture.FailAsync("acme/one:unet/model.safetensors")).Error);
        Assert.Empty(fixture.CacheFiles());
    }

    [Fact]
    public async Task A_commit_that_is_none_is_not_taken()
    {
        await using var fixture = await HubFixture.StartAsync(
            new HostedRepository
            {
                Name = "acme/one",
                Commit = "../../outside",
                Files = [Model],
            }
        );
        Assert.Equal(HubError.Unreachable, (await fixture.FailAsync()).Error);
        Assert.Equal(HubError.Unreachable, (await fixture.FailAsync("acme/one:unet/model.safetensors")).Error);
        Assert.Empty(fixture.CacheFiles());
    }

    [Theory]
    [InlineData("<html>")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{\"sha\": 5}")]
    public async Task Something_that_is_not_a_hub_is_said(string body)
    {
        await using var fixture = await HubFixture.StartAsync(Model);
        fixture.Server.Intercept = async context =>
        {
            await context.Response.WriteAsync(body);
            return true;
        };
        var failure = await fixture.FailAsync();
        Assert.Equal(HubError.Unreachable, failure.Error);
        Assert.Contains("HF_ENDPOINT", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Redirects_without_an_end_are_said()
    {
        await using var fixture = await HubFixture.StartAsync(Model);
        fixture.Server.Intercept = context => Answer(context, 307, ("Location", context.Request.Path));
        Assert.Equal(HubError.Unreachable, (await fixture.FailAsync()).Error);
    }

    [Fact]
    public async Task The_token_goes_to_the_hub_alone()
    {
        await using var fixture = await HubFixture.StartAsync(Model, HostedFile.Small("config.json", "{}"));
        fixture.Server.Intercept = context =>
            context.Request.Path.Value!.EndsWith("config.json", StringComparison.Ordinal) && !IsCdn(context)
                ? Answer(context, 302, ("Location", $"{fixture.Server.Cdn}repos/acme/one/config.json"))
                : Task.FromResult(false);
        await fixture.DownloadAsync();
        Assert.All(fixture.Server.Requests, request => Assert.Equal(request.Host == "hub" ? "Bearer hf_secret" : null, request.Token));

        bool IsCdn(HttpContext context) => context.Connection.LocalPort == fixture.Server.Cdn.Port;
    }

    [Fact]
    public async Task A_bad_server_does_not_harm_what_is_there()
    {
        await using var fixture = await HubFixture.StartAsync(Model, HostedFile.Small("config.json", "{}"));
        await fixture.DownloadAsync();
        var before = fixture.CacheFiles();
        var newCommit = new string('a', 40);
        fixture.Server.Add(
            new HostedRepository
            {
                Name = "acme/one",
                Commit = newCommit,
                Files = [Model, HostedFile.Small("config.json", "{ }")],
            }
        );
        fixture.Server.Fault = _ => new ContentFault { IsAltered = true };
        Assert.Equal(HubError.Corrupt, (await fixture.FailAsync()).Error);
        Assert.Subset(fixture.CacheFiles().ToHashSet(), before.ToHashSet());
        var old = await fixture.DownloadAsync($"acme/one@{HubFixture.Commit}", fixture.Options(("HF_HUB_OFFLINE", "1")));
        Assert.Equal(Bytes, await File.ReadAllBytesAsync(Path.Combine(old.Folder, "unet", "model.safetensors")));
    }

    [Fact]
    public async Task A_disk_that_is_too_small_is_noticed_first()
    {
        await using var fixture = await HubFixture.StartAsync(Model with { Size = 1L << 50 });
        var failure = await fixture.FailAsync("acme/one", WithParts(fixture.Options(), 1 << 30));
        Assert.Equal(HubError.DiskFull, failure.Error);
        Assert.DoesNotContain(fixture.Server.Requests, request => request.Target.Contains("/resolve/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Nobody_there_is_said()
    {
        await using var fixture = await HubFixture.StartAsync(Model);
        var options = fixture.Options(("HF_ENDPOINT", "http://127.0.0.1:1"));
        options.Retries = 1;
        var failure = await fixture.FailAsync("acme/one", options);
        Assert.Equal(HubError.Unreachable, failure.Error);
        Assert.Contains("HF_HUB_OFFLINE", failure.Message, StringComparison.Ordinal);
    }

    private static HubOptions WithParts(HubOptions options, int partSize)
    {
        options.PartSize = partSize;
        return options;
    }

    private static async Task AssertWholeAsync(HubFixture fixture, TimeSpan? timeout = null)
    {
        var options = fixture.Options();
        options.DownloadTimeout = timeout ?? options.DownloadTimeout;
        var snapshot = await fixture.DownloadAsync(options: options);
        Assert.Equal(Bytes, await File.ReadAllBytesAsync(Path.Combine(snapshot.Folder, "unet", "model.safetensors")));
        Assert.DoesNotContain(fixture.CacheFiles(), file => file.EndsWith("incomplete", StringComparison.Ordinal));
    }

    private static Task<bool> Answer(HttpContext context, int status, params (string Name, string Value)[] headers)
    {
        context.Response.StatusCode = status;
        foreach (var (name, value) in headers)
            context.Response.Headers[name] = value;
        return Task.FromResult(true);
    }
}
